"""Our own IMAP listeners on free ports, in a thread with a loop of its own, and clients that talk to them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from mailserver.practice.certificates import self_signed
from mailserver.servers.certificate import Certificate
from mailserver.servers.imap.connection import Connection, Site
from mailserver.servers.imap.hub import Hub
from mailserver.servers.imap.limits import Limits
from mailserver.servers.imap.session import Session
from mailserver.servers.limits import Register
from mailserver.servers.runtime import House, Listener
from tests.support.dialogue import Dialogue
from tests.support.listeners import running

_LITERAL = re.compile(rb"\{(\d+)\}\Z")


@dataclass(frozen=True)
class ImapPorts:
    imap: int
    imaps: int
    site: Site


@contextmanager
def listening(
    folder: Path,
    *,
    limits: Limits | None = None,
    size_limit: int = 36 * 1024 * 1024,
    per_address: int | None = None,
    total: int = 500,
    tls: bool = True,
) -> Iterator[ImapPorts]:
    """IMAP in clear and over TLS, until the block ends."""
    pem = folder / "imap.pem"
    pem.write_bytes(self_signed())
    certificate = Certificate(pem, None)
    register = Register(per_address=per_address, total=total)
    site = Site(
        hostname="mx.hamburger.edu",
        size_limit=size_limit,
        register=register,
        hub=Hub(settings.CORREIO.redis_url),
        tls=lambda: certificate.context if tls else None,
        limits=limits or Limits(failed_pause=0.01),
        folder=folder,
    )
    listeners = [
        Listener("imap", 0, lambda: Connection(site, Session)),
        Listener("imaps", 0, lambda: Connection(site, Session), encrypted=True),
    ]
    with running(House("127.0.0.1", listeners, register, certificate, closing=(site.close,))) as ports:
        yield ImapPorts(*ports, site)


class Client(Dialogue):
    """One session. Responses are bytes without their CRLF; a literal stands in them as it came."""

    def __init__(self, port: int, *, encrypted: bool = True, host: str = "127.0.0.1") -> None:
        super().__init__(port, encrypted=encrypted, host=host)
        self._number = 0

    def response(self) -> bytes:
        """The next response with its literals."""
        found = self._line()
        while announced := _LITERAL.search(found):
            found += b"\r\n" + self._exactly(int(announced[1])) + self._line()
        return found

    def _line(self) -> bytes:
        while b"\r\n" not in self._heard:
            self._more()
        line, _, self._heard = self._heard.partition(b"\r\n")
        return line

    def _exactly(self, size: int) -> bytes:
        while len(self._heard) < size:
            self._more()
        octets, self._heard = self._heard[:size], self._heard[size:]
        return octets

    def _more(self) -> None:
        data = self.socket.recv(65536)
        assert data, f"the server hung up after {self._heard!r}"
        self._heard += data

    def do(self, command: str | bytes) -> list[bytes]:
        """Send a command; all responses up to the tagged one, which is the last, without its tag."""
        tag = self.send_command(command)
        return self.until(tag)

    def send_command(self, command: str | bytes) -> bytes:
        """Send and do not wait; the tag."""
        self._number += 1
        tag = b"a%d" % self._number
        self.push(tag + b" " + (command.encode() if isinstance(command, str) else command) + b"\r\n")
        return tag

    def until(self, tag: bytes) -> list[bytes]:
        found: list[bytes] = []
        while True:
            response = self.response()
            if response.startswith(tag + b" "):
                return [*found, response.removeprefix(tag + b" ")]
            found.append(response)

    def ok(self, command: str | bytes) -> list[bytes]:
        """The untagged responses of a command that must succeed, without `* `."""
        *found, done = self.do(command)
        assert done.startswith(b"OK"), f"{command!r} was answered {done!r}"
        return [response.removeprefix(b"* ") for response in found]

    def refused(self, command: str | bytes, pattern: bytes) -> None:
        """The command is answered so, and nothing else is said."""
        *found, done = self.do(command)
        assert re.fullmatch(pattern, done), f"{command!r} was answered {done!r}"
        assert not found, found

    def log_in(self, address: str, password: str) -> None:
        self.ok(f'LOGIN {address} "{password}"')

    def append(self, mailbox: str, raw: bytes, flags: str = "") -> list[bytes]:
        flags = f"({flags}) " if flags else ""
        return self.ok(f"APPEND {mailbox} {flags}{{{len(raw)}+}}\r\n".encode() + raw)
