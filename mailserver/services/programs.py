"""What people's mail programs have to know to reach their mailbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from mailserver.errors import InvalidName
from mailserver.mail import addresses
from mailserver.store.models import Domain

Protocol = Literal["imap", "pop3", "smtp"]

# Host names under which a domain's programs look for the page's answers (Thunderbird; Outlook).
PAGE_NAMES = ("autoconfig", "autodiscover")
# In the order of preference: IMAP before POP3, TLS from the first byte before STARTTLS (RFC 8314 §3).
_SERVICES: tuple[tuple[str, Protocol, bool], ...] = (
    ("imaps", "imap", True),
    ("imap", "imap", False),
    ("pop3s", "pop3", True),
    ("pop3", "pop3", False),
    ("submissions", "smtp", True),
    ("submission", "smtp", False),
)


@dataclass(frozen=True, slots=True)
class Server:
    """Where a program connects. `service` is its name in the DNS (RFC 6186); without `tls` it begins with STARTTLS.

    The user name is always the address.
    """

    service: str
    protocol: Protocol
    host: str
    port: int
    tls: bool


def servers() -> list[Server]:
    """All that are offered, the best of each protocol first."""
    host, ports = settings.CORREIO.public_host, settings.CORREIO.public_ports
    return [Server(name, protocol, host, ports[name], tls) for name, protocol, tls in _SERVICES if ports[name]]


def best(*protocols: Protocol) -> Server | None:
    """The one to use of the first protocol that is offered at all."""
    offered = servers()
    return next((one for protocol in protocols for one in offered if one.protocol == protocol), None)


def hosted(name: str) -> str:
    """The domain in A-labels when its mailboxes are here, else "". `name` is what a stranger wrote."""
    try:
        domain = addresses.to_ascii(name)
    except InvalidName:
        return ""
    return domain if Domain.objects.filter(name=domain, hosted=True).exists() else ""
