"""Our own POP3 listeners on free ports, and clients that have signed in."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailserver.practice.certificates import self_signed
from mailserver.servers.certificate import Certificate
from mailserver.servers.limits import Register
from mailserver.servers.pop3.limits import Limits
from mailserver.servers.pop3.protocol import Connection, Site
from mailserver.servers.runtime import House, Listener
from mailserver.services import mailboxes
from mailserver.services.inbound import Delivery
from mailserver.store.models import Account, Mailbox, MailboxMessage
from tests.support import mail
from tests.support.dialogue import Dialogue
from tests.support.listeners import running
from tests.support.people import PASSWORD


@dataclass(frozen=True)
class Pop3:
    """Where the listeners are; `register` knows the sessions, `pem` is the certificate."""

    clear: int
    encrypted: int
    register: Register
    pem: Path


@contextmanager
def listening(
    folder: Path, *, limits: Limits | None = None, per_address: int | None = None, total: int = 500
) -> Iterator[Pop3]:
    """Both listeners, until the block ends."""
    pem = folder / "pop3.pem"
    pem.write_bytes(self_signed())
    certificate = Certificate(pem, None)
    register = Register(per_address=per_address, total=total)
    site = Site("mx.hamburger.edu", register, lambda: certificate.context, limits or Limits(failure_delay=0))
    listeners = [
        Listener("pop3", 0, lambda: Connection(site)),
        Listener("pop3s", 0, lambda: Connection(site), encrypted=True),
    ]
    with running(House("127.0.0.1", listeners, register, certificate)) as ports:
        yield Pop3(*ports, register, pem)


def message(*, subject: str = "Pancake night", **parts: str) -> bytes:
    """A message with an ASCII header: with UTF8 and without it is sent as it is."""
    return mail.message(subject=subject, **parts)


def delivered(account: Account, raw: bytes | None = None, **parts: str) -> Delivery:
    return mail.delivered(account, raw or message(**parts))


def greeted(port: int, *, encrypted: bool = True) -> Dialogue:
    client = Dialogue(port, encrypted=encrypted)
    client.expect(r"\+OK mx\.hamburger\.edu POP3 ready")
    return client


def all_gone(ports: Pop3) -> None:
    """Wait until the server knows of no connection any more."""
    deadline = time.monotonic() + 10
    while len(ports.register):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def sign_in(client: Dialogue, address: str, password: str = PASSWORD, expected: str = r"\+OK Your Inbox .*") -> str:
    client.ask(f"USER {address}", r"\+OK .*")
    return client.ask(f"PASS {password}", expected)


def lines(client: Dialogue) -> list[str]:
    """The rest of a multi-line response, dots taken off, without its end."""
    found = []
    while (line := client.line()) != ".":
        found.append(line.removeprefix("."))
    return found


def listed(client: Dialogue, command: str) -> list[str]:
    client.ask(command, r"\+OK .*")
    return lines(client)


def inbox(account: Account) -> Mailbox:
    return mailboxes.by_use(account.pk, "inbox")


def uids(account: Account) -> list[int]:
    return sorted(MailboxMessage.objects.filter(mailbox=inbox(account)).values_list("uid", flat=True))


def flags(account: Account) -> list[int]:
    return list(MailboxMessage.objects.filter(mailbox=inbox(account)).order_by("uid").values_list("flags", flat=True))
