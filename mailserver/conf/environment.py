"""The variables of the environment, read into a Config: one function for each group of them."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from mailserver.conf import keys, values
from mailserver.conf.config import DEFAULT_PORTS, DEFAULT_RETRY_SCHEDULE, Config, Limit
from mailserver.rates import rates

# The text of a variable by its name, or what holds when nothing is said.
_Reader = Callable[[str, str], str]


def load(environ: Mapping[str, str]) -> Config:
    """The configuration that `environ` describes. Raises ConfigurationError naming the variable."""

    def value(name: str, default: str) -> str:
        return environ.get(f"CORREIO_{name}", "").strip() or default

    return Config(**_places(value), **_secrets(value), **_sending(value), **_receiving(value), **_people(value))


def _places(value: _Reader) -> dict[str, Any]:
    """Where things are: folders, names, ports, databases."""
    data_dir = _data_dir(value)
    hostname = value("HOSTNAME", "mx.crepes.fr" if values.flag(value("DEMO", "0")) else socket.getfqdn())
    bind = value("BIND", "127.0.0.1")
    ports = {name.lower(): values.port(name, value(name, str(port))) for name, port in DEFAULT_PORTS.items()}
    return {
        "data_dir": data_dir,
        "static_root": values.path(value("STATIC_ROOT", "")) or data_dir / "static",
        "hostname": hostname,
        "bind": bind,
        **ports,
        "submission_host": value("SUBMISSION_HOST", "127.0.0.1"),
        "public_host": values.public_host(value("PUBLIC_HOST", ""), hostname, bind),
        "public_ports": values.public_ports(value("PUBLIC_PORTS", ""), ports),
        "database_url": value("DATABASE_URL", ""),
        "redis_url": value("REDIS_URL", ""),
        "allowed_hosts": tuple(value("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")),
        "https": values.flag(value("HTTPS", "0")),
    }


def _data_dir(value: _Reader) -> Path:
    return Path(value("DATA_DIR", "var")).resolve()


def _secrets(value: _Reader) -> dict[str, Any]:
    data_dir = _data_dir(value)
    return {
        "secret_key": value("SECRET_KEY", "") or keys.kept(data_dir / "secret_key", secrets.token_urlsafe(48)),
        "encryption_keys": keys.fernet_keys(
            value("ENCRYPTION_KEYS", "") or keys.kept(data_dir / "encryption_key", keys.new_key())
        ),
        "tls_cert": values.path(value("TLS_CERT", "")),
        "tls_key": values.path(value("TLS_KEY", "")),
    }


def _sending(value: _Reader) -> dict[str, Any]:
    """Mail out: next hops, the retry schedule, times."""
    return {
        "routes": values.routes(value("ROUTES", "")),
        "dns_server": values.host_port(text, 53) if (text := value("DNS_SERVER", "")) else None,
        "remote_smtp_port": values.port("REMOTE_SMTP_PORT", value("REMOTE_SMTP_PORT", "25")),
        "dnssec": values.one_of("DNSSEC", value("DNSSEC", "auto"), "auto", "on", "off"),
        "mta_sts_port": values.port("MTA_STS_PORT", value("MTA_STS_PORT", "443")),
        "trusted_ca": values.path(value("TRUSTED_CA", "")),
        "retry_schedule": tuple(
            values.duration(step) for step in value("RETRY_SCHEDULE", DEFAULT_RETRY_SCHEDULE).split(",")
        ),
        "expire_after": values.duration(value("EXPIRE_AFTER", "5d")),
        "undo_send": values.undo_send(value("UNDO_SEND", "5s")),
        "delay_notice": values.duration(text) if (text := value("DELAY_NOTICE", "4h")) not in ("0", "off") else None,
        "suppress": values.limit(value("SUPPRESS", "on"), Limit(2, timedelta(days=30))),
        "stage_timeout": float(text) if (text := value("STAGE_TIMEOUT", "")) else None,
        "dkim_rotation": None if (text := value("DKIM_ROTATION", "180d")) == "off" else values.duration(text),
        "tls_reports": values.flag(value("TLS_REPORTS", "1")),
        "delivery_connections": max(1, int(value("DELIVERY_CONNECTIONS", "8"))),
        "workers": max(1, int(value("WORKERS", "1"))),
        "delivery_rates": rates(value("DELIVERY_RATES", "")),
        "allow_private_hops": values.flag(value("ALLOW_PRIVATE_HOPS", "0")),
        "sending_hour": values.count("SENDING_HOUR", value("SENDING_HOUR", "2000")),
        "sending_day": values.count("SENDING_DAY", value("SENDING_DAY", "2000")),
        "sending_alarm": values.alarm(value("SENDING_ALARM", "on")),
        "queue_history": values.duration(value("QUEUE_HISTORY", "30d")),
    }


def _receiving(value: _Reader) -> dict[str, Any]:
    """Mail in: who may connect how often, what is checked, what is junk."""
    return {
        "connection_limits": values.limit(value("CONNECTION_LIMITS", "on"), Limit(20, timedelta(minutes=1))),
        "sender_checks": values.one_of("SENDER_CHECKS", value("SENDER_CHECKS", "on"), "on", "off", "all"),
        "dmarc_reject": values.one_of("DMARC_REJECT", value("DMARC_REJECT", "refuse"), "refuse", "junk"),
        "greylist": values.greylist(value("GREYLIST", "off")),
        "dnsbl": values.blocklists(value("DNSBL", "")),
        "rspamd_url": values.web_address("RSPAMD_URL", value("RSPAMD_URL", "")),
        "clamd": values.socket_place(value("CLAMD", "")),
        "spam_junk": values.points("SPAM_JUNK", value("SPAM_JUNK", "5")),
        "spam_reject": values.points("SPAM_REJECT", value("SPAM_REJECT", "0")),
        "size_limit": int(value("SIZE_LIMIT", str(36 * 1024 * 1024))),
    }


def _people(value: _Reader) -> dict[str, Any]:
    """The people here and what they may do; the demo."""
    return {
        "login_limits": values.limit(value("LOGIN_LIMITS", "on"), Limit(10, timedelta(minutes=10))),
        "allow_private_imports": values.flag(value("ALLOW_PRIVATE_IMPORTS", "0")),
        "default_quota": int(value("DEFAULT_QUOTA", str(10 * 1024**3))),
        "demo": values.flag(value("DEMO", "0")),
        "demo_password": value("DEMO_PASSWORD", "") or None,
        "debug": values.flag(value("DEBUG", "0")),
    }
