"""The text of one variable as a value. Each raises ConfigurationError for what it cannot be."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import timedelta
from pathlib import Path

from mailserver.conf.config import PROGRAM_PORTS, Alarm, Limit, Route
from mailserver.errors import ConfigurationError

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


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
        name, _, number = item.partition("=")
        if name not in ports:
            raise ConfigurationError(f"CORREIO_PUBLIC_PORTS: {item!r} is not name=port, of {', '.join(ports)}")
        ports[name] = 0 if number == "0" else port("PUBLIC_PORTS", number)
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


def count(name: str, text: str) -> int:
    """A whole number of at most nine figures; 0 usually means no bound."""
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not a whole number")
    return int(text)


def alarm(text: str) -> Alarm | None:
    """`on`, `off` (None), or what differs from the defaults: `recipients=500,times=10`."""
    found = Alarm()
    if text == "off":
        return None
    for item in [] if text == "on" else text.split(","):
        name, _, number = item.strip().partition("=")
        if name not in {field.name for field in fields(Alarm)} or not count("SENDING_ALARM", number):
            raise ConfigurationError(
                f"CORREIO_SENDING_ALARM: {item!r} is not on, off or a figure such as recipients=500"
            )
        found = replace(found, **{name: int(number)})
    return found


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


def socket_place(text: str) -> str | tuple[str, int]:
    """The path of a socket (`/run/clamav/clamd.ctl`), or `host:port` as a pair; 3310 is the usual port."""
    return text if text.startswith("/") or not text else host_port(text, 3310)


def flag(text: str) -> bool:
    if text not in ("0", "1"):
        raise ConfigurationError(f"{text!r} is neither 0 nor 1")
    return text == "1"


def one_of(name: str, text: str, *words: str) -> str:
    if text not in words:
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is none of {', '.join(words)}")
    return text


def port(name: str, text: str) -> int:
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not a port")
    return int(text)


def points(name: str, text: str) -> float:
    if not re.fullmatch(r"\d{1,4}(\.\d{1,3})?", text):
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not a number such as 5 or 7.5")
    return float(text)


def web_address(name: str, text: str) -> str:
    if text and not re.fullmatch(r"https?://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?(/[!-~]*)?", text):
        raise ConfigurationError(f"CORREIO_{name}: {text!r} is not http://host:port")
    return text


def path(text: str) -> Path | None:
    return Path(text).resolve() if text else None


def undo_send(text: str) -> int:
    """Seconds, whole and below a minute; 0 for "off"."""
    seconds = 0 if text in ("0", "off") else int(duration(text).total_seconds())
    if seconds > 60:
        raise ConfigurationError("CORREIO_UNDO_SEND is at most 60 seconds.")
    return seconds
