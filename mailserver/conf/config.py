"""The settings of one instance as values, and what holds where nothing is said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

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
class Alarm:
    """When an account sends as it never did: what is more than this in an hour is looked at (mail/sendingalarm.py)."""

    recipients: int = 600
    times: int = 5
    domains: int = 100
    bounces: int = 30
    networks: int = 8


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
    dnssec: str
    mta_sts_port: int
    trusted_ca: Path | None
    retry_schedule: tuple[timedelta, ...]
    expire_after: timedelta
    undo_send: int
    delay_notice: timedelta | None
    suppress: Limit | None
    stage_timeout: float | None
    delivery_connections: int
    workers: int
    delivery_rates: Mapping[str, int]
    allow_private_hops: bool
    sending_hour: int
    sending_day: int
    sending_alarm: Alarm | None
    queue_history: timedelta
    allow_private_imports: bool
    login_limits: Limit | None
    connection_limits: Limit | None
    sender_checks: str
    dmarc_reject: str
    dkim_rotation: timedelta | None
    tls_reports: bool
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
