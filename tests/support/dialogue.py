"""A conversation with a line protocol over a bare socket, written down in the order in which it happens.

    with Dialogue(port) as alice:
        alice.expect(r"220 .*")
        alice.send("HELO crepes.fr")
        alice.expect(r"250 .*")

What the server says and nobody expected makes `expect` or `expect_end` fail.
"""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from types import TracebackType
from typing import Self

PATIENCE = 10.0


class Dialogue:
    def __init__(self, port: int, *, encrypted: bool = False, host: str = "127.0.0.1") -> None:
        self.socket: socket.socket = socket.create_connection((host, port), timeout=PATIENCE)
        # Every push is a packet of its own, like somebody typing.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._heard = b""
        if encrypted:
            self.encrypt()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.socket.close()

    def encrypt(self) -> None:
        """The client's side of the TLS handshake, any certificate."""
        assert not self._heard, f"before the handshake the server said {self._heard!r}"
        self.socket = _any_certificate().wrap_socket(self.socket)

    def encrypt_and_send(self, line: str) -> None:
        """The handshake (TLS 1.3), whose last word and the first command leave in one packet."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = _any_certificate().wrap_bio(incoming, outgoing)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.push(outgoing.read())
                incoming.write(self.socket.recv(65536))
        tls.write(f"{line}\r\n".encode())
        self.push(outgoing.read())
        self._heard = _read_line(self.socket, tls, incoming)

    def push(self, data: bytes) -> None:
        """These octets and no others."""
        self.socket.sendall(data)

    def send(self, *lines: str) -> None:
        """Lines with CRLF, in one packet."""
        self.push("".join(f"{line}\r\n" for line in lines).encode())

    def line(self) -> str:
        """The next line of the server without its CRLF."""
        while b"\n" not in self._heard:
            data = self.socket.recv(65536)
            if not data:
                raise AssertionError(f"the server hung up after {self._heard!r}")
            self._heard += data
        line, _, self._heard = self._heard.partition(b"\n")
        assert line.endswith(b"\r"), f"a line of the server ends without CR: {line!r}"
        return line[:-1].decode()

    def reply(self) -> list[str]:
        """The next reply, all of its lines (`250-` goes on, `250 ` ends)."""
        lines = [self.line()]
        while lines[-1][3:4] == "-":
            lines.append(self.line())
        return lines

    def expect(self, pattern: str) -> str:
        """The next reply; its lines, joined by LF, must match the whole pattern."""
        said = "\n".join(self.reply())
        assert re.fullmatch(pattern, said, re.DOTALL), f"expected {pattern!r}, the server said {said!r}"
        return said

    def ask(self, line: str, pattern: str) -> str:
        self.send(line)
        return self.expect(pattern)

    def answers(self, line: str) -> bool:
        """Whether there is anybody left to answer the line."""
        try:
            self.send(line)
            self._heard += (heard := self.socket.recv(65536))
        except OSError:
            return False
        return bool(heard)

    def expect_end(self) -> None:
        """The server has said all it had to say and hangs up."""
        rest = self._heard
        try:
            while data := self.socket.recv(65536):
                rest += data
        except (ConnectionResetError, ssl.SSLEOFError):
            pass
        assert not rest, f"before hanging up the server said {rest!r}"

    def expect_silence(self, seconds: float = 0.2) -> None:
        """The server says nothing and keeps the connection."""
        self.socket.settimeout(seconds)
        try:
            rest = self._heard or self.socket.recv(65536)
        except TimeoutError:
            return
        finally:
            self.socket.settimeout(PATIENCE)
        raise AssertionError(f"expected silence, the server said {rest!r}")


def _any_certificate() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def _read_line(wire: socket.socket, tls: ssl.SSLObject, incoming: ssl.MemoryBIO) -> bytes:
    heard = b""
    while not heard.endswith(b"\n"):
        try:
            heard += tls.read()
        except ssl.SSLWantReadError:
            incoming.write(wire.recv(65536))
    return heard


def base64(text: str) -> str:
    return b64encode(text.encode()).decode()
