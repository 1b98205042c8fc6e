"""What the environment says: every `CORREIO_*` variable, read once into one frozen value.

`docs/settings.md` describes each; `tests/architecture/test_docs.py` keeps the two equal.
Django's settings hold the result as `settings.CORREIO`; the layers below `services` never read it
but get what they need as arguments.
"""

from __future__ import annotations

import base64
import re
import secrets
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from mailserver.errors import ConfigurationError
from mailserver.rates import rates

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}

# RFC 5321 §4.5.4.1 asks for at least 30 minutes between tries and 4-5 days in all; the first
# tries come sooner because most deferrals (greylisting, restarts) end within minutes.
DEFAULT_RETRY_SCHEDULE = "5m,15m,30m,1h,2h,4h,8h"

DEFAULT_PORTS = {
    "HTTP_PORT": 8000,
    "MX_PORT": 2525,
    "SUBMISSION_PORT": 2587,
    "SUBMISSIONS_PORT": 2465,
    "IMAP_PORT": 2143,
    "IMAPS_PORT": 2993,
    "POP3_PORT": 2110,
    "POP3S_PORT": 2995,
}

# What mail programs connect to; `_imaps._tcp` and so on in the DNS (RFC 6186, RFC 8314).
PROGRAM_PORTS = ("imap", "imaps", "pop3", "pop3s", "submission", "submissions")


@dataclass(frozen=True, slots=True)
class Route:
    """A static next hop: mail for the domain goes to `host:port`, DNS is not asked."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` events in `period`; `None` in place of a `Limit` means no bound."""

    count: int
    period: timedelta


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one Correio instance. Field names are the variables' names in lower case."""

    data_dir: Path
    static_root: Path
    hostname: str
    bind: str
    http_port: int
    mx_port: int
    submission_port: int
    submissions_port: int
    imap_port: int
    imaps_port: int
    pop3_port: int
    pop3s_port: int
    submission_host: str
    public_host: str
    public_ports: Mapping[str, int]
    database_url: str
    redis_url: str
    secret_key: str = field(repr=False)
    encryption_keys: tuple[str, ...] = field(repr=False)
    tls_cert: Path | None
    tls_key: Path | None
    allowed_hosts: tuple[str, ...]
    https: bool
    routes: Mapping[str, Route]
    dns_server: tuple[str, int] | None
    remote_smtp_port: int
    retry_schedule: tuple[timedelta, ...]
    expire_after: timedelta
    stage_timeout: float | None
    delivery_connections: int
    delivery_rates: Mapping[str, int]
    allow_private_hops: bool
    allow_private_imports: bool
    login_limits: Limit | None
    connection_limits: Limit | None
    sender_checks: str
    dmarc_reject: str
    greylist: timedelta | None
    dnsbl: tuple[str, ...]
    rspamd_url: str
    clamd: str | tuple[str, int]
    spam_junk: float
    spam_reject: float
    size_limit: int
    default_quota: int
    demo: bool
    demo_password: str | None = field(repr=False)
    debug: bool


def duration(text: str) -> timedelta:
    """`90s`, `5m`, `4h` or `5d` as a timedelta. Raises ConfigurationError."""
    found = re.fullmatch(r"(\d+)([smhd])", text.strip())
    if not found:
        raise ConfigurationError(f"{text!r} is not a duration such as 30s, 5m, 4h or 5d")
    return timedelta(seconds=int(found[1]) * _UNITS[found[2]])


def host_port(text: str, default_port: int) -> tuple[str, int]:
    """`host`, `host:port` or `[v6]:port` as a pair. Raises ConfigurationError."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]\s]+)(?::(\d{1,5}))?", text.strip())
    if not found:
        raise ConfigurationError(f"{text!r} is not host:port")
    return found[1].strip("[]"), int(found[2] or default_port)


def routes(text: str) -> dict[str, Route]:
    """`domain=host:port,…` by lower-case domain; `*` is the smart host of all others."""
    table = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        domain, separator, target = item.partition("=")
        if not separator or not domain.strip():
            raise ConfigurationError(f"CORREIO_ROUTES: {item!r} is not domain=host:port")
        table[domain.strip().lower()] = Route(*host_port(target, 25))
    return table


def public_ports(text: str, listening: Mapping[str, int]) -> dict[str, int]:
    """`imap=143,imaps=993,…` over the ports we listen on; 0 is a door that people are not offered."""
    ports = {name: listening[f"{name}_port"] for name in PROGRAM_PORTS}
    for item in filter(None, (part.strip() for part in text.split(","))):
        name, _, port = item.partition("=")
        if name not in ports:
            raise ConfigurationError(f"CORREIO_PUBLIC_PORTS: {item!r} is not name=port, of {', '.join(ports)}")
        ports[name] = 0 if port == "0" else _port("PUBLIC_PORTS", port)
    return ports


def public_host(name: str, hostname: str, bind: str) -> str:
    """Who listens for this machine alone is found at that address; its host name may lead nowhere, or elsewhere."""
    return name or (bind if bind in ("localhost", "::1") or bind.startswith("127.") else hostname)


def limit(text: str, default: Limit) -> Limit | None:
    """`on` (the default), `off` (None) or `count/period` such as `10/10m`."""
    if text in ("on", ""):
        return default
    if text == "off":
        return None
    count, separator, period = text.partition("/")
    if not separator or not count.isdigit():
        raise ConfigurationError(f"{text!r} is not on, off or count/period such as 10/10m")
    return Limit(int(count), duration(period))


def greylist(text: str) -> timedelta | None:
    """`off` (None), `on` (five minutes) or how long a stranger has to wait, such as `2m`."""
    return None if text == "off" else duration("5m" if text == "on" else text)


def blocklists(text: str) -> tuple[str, ...]:
    """`bl.example.org,…` as domains in lower case, each once. Raises ConfigurationError."""
    zones = tuple(dict.fromkeys(part.strip().rstrip(".").lower() for part in text.split(",") if part.strip()))
    for zone in zones:
        if len(zone) > 180 or not re.fullmatch(r"(?:[a-z0-9_-]{1,63}\.)+[a-z0-9-]{2,63}", zone):
            raise ConfigurationError(f"CORREIO_DNSBL: {zone!r} is not a domain")
    return zones


def fernet_keys(text: str) -> tuple[str, ...]:
    """Keys of 32 octets in URL-safe base64, separated by commas. Raises ConfigurationError, which names none."""
    keys = tuple(part.strip() for part in text.split(",") if part.strip())
    if not keys or not all(re.fullmatch(r"[A-Za-z0-9_-]{43}=", key) for key in keys):
        raise ConfigurationError("CORREIO_ENCRYPTION_KEYS: a key is 32 octets in URL-safe base64")
    return keys


def socket_place(text: str) -> str | tuple[str, int]:
    """The path of a socket (`/run/clamav/clamd.ctl`), or `host:port` as a pair; 3310 is the usual port."""
    return text if text.startswith("/") or not text else host_port(text, 3310)


def load(environ: Mapping[str, str]) -> Config:
    """The configuration that `environ` describes. Raises ConfigurationError naming the variable."""
    value = _reader(environ)
    data_dir = Path(value("DATA_DIR", "var")).resolve()
    hostname = value("HOSTNAME", "mx.crepes.fr" if _flag(value("DEMO", "0")) else socket.getfqdn())
    bind = value("BIND", "127.0.0.1")
    ports = {name.lower(): _port(name, value(name, str(port))) for name, port in DEFAULT_PORTS.items()}
    return Config(
        data_dir=data_dir,
        static_root=_path(value("STATIC_ROOT", "")) or data_dir / "static",
        hostname=hostname,
        bind=bind,
        **ports,
        submission_host=value("SUBMISSION_HOST", "127.0.0.1"),
        public_host=public_host(value("PUBLIC_HOST", ""), hostname, bind),
        public_ports=public_ports(value("PUBLIC_PORTS", ""), ports),
        database_url=value("DATABASE_URL", ""),
        redis_url=value("REDIS_URL", ""),
        secret_key=value("SECRET_KEY", "") or _kept_secret(data_dir / "secret_key", secrets.token_urlsafe(48)),
        encryption_keys=fernet_keys(value("ENCRYPTION_KEYS", "") or _kept_secret(data_dir / "encryption_key", _key())),
        tls_cert=_path(value("TLS_CERT", "")),
        tls_key=_path(value("TLS_KEY", "")),
        allowed_hosts=tuple(value("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")),
        https=_flag(value("HTTPS", "0")),
        routes=routes(value("ROUTES", "")),
        dns_server=host_port(text, 53) if (text := value("DNS_SERVER", "")) else None,
        remote_smtp_port=_port("REMOTE_SMTP_PORT", value("REMOTE_SMTP_PORT", "25")),
        retry_schedule=tuple(duration(step) for step in value("RETRY_SCHEDULE", DEFAULT_RETRY_SCHEDULE).split(",")),
        expire_after=duration(value("EXPIRE_AFTER", "5d")),
        stage_timeout=float(text) if (text := value("STAGE_TIMEOUT", "")) else None,
        delivery_connections=max(1, int(value("DELIVERY_CONNECTIONS", "8"))),
        delivery_rates=rates(value("DELIVERY_RATES", "")),
        allow_private_hops=_flag(value("ALLOW_PRIVATE_HOPS", "0")),
        allow_private_imports=_flag(value("ALLOW_PRIVATE_IMPORTS", "0")),
        login_limits=limit(value("LOGIN_LIMITS", "on"), Limit(10, timedelta(minutes=10))),
        connection_limits=limit(value("CONNECTION_LIMITS", "on"), Limit(20, timedelta(minutes=1))),
        sender_checks=_one_of("SENDER_CHECKS", value("SENDER_CHECKS", "on"), "on", "off", "all"),
        dmarc_reject=_one_of("DMARC_REJECT", value("DMARC_REJECT", "refuse"), "refuse", "junk"),
        greylist=greylist(value("GREYLIST", "off")),
        dnsbl=blocklists(value("DNSBL", "")),
        rspamd_url=_web_address("RSPAMD_URL", value("RSPAMD_URL", "")),
        clamd=socket_place(value("CLAMD", "")),
        spam_junk=_points("SPAM_JUNK", value("SPAM_JUNK", "5")),
        spam_reject=_points("SPAM_REJECT", value("SPAM_REJECT", "0")),
        size_limit=int(value("SIZE_LIMIT", str(36 * 1024 * 1024))),
        default_quota=int(value("DEFAULT_QUOTA", str(10 * 1024**3))),
        demo=_flag(value("DEMO", "0")),
        demo_password=value("DEMO_PASSWORD", "") or None,
        debug=_flag(value("DEBUG", "0")),
    )


def _reader(environ: Mapping[str, str]) -> Callable[[str, str], str]:
    return lambda name, default: environ.get(f"CORREIO_{name}", "").strip() or default


def _flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ConfigurationError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def _one_of(name: str, text: str, *words: str) -> str:
    if text not in words:
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is none of {', '.join(words)}")
    return text


def _port(name: str, text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not a port")
    return int(text)


def _points(name: str, text: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text):
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not a number such as 5 or 7.5")
    return float(text)


def _web_address(name: str, text: str) -> str:
    if text and not re.fullmatch(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[!-~]*)?", text):
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not http://host:port")
    return text


def _path(text: str) -> Path | None:
    return Path(text).resolve() if text else None


def _kept_secret(path: Path, made: str) -> str:
    """A secret of an embedded run: made once, kept beside the data, readable by its owner.

    Containers and installations set the variables, so no file is made there.
    """
    if path.exists():
        return path.read_text().strip()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(made)
    return made


def _key() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
