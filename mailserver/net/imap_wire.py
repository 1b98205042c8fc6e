"""The connection under an IMAP client that calls a server somebody named: pinned, verified, bounded.

imaplib reads what a server sends without any bound, and a server that sends one octet now and then passes every
timeout. Here each command has a budget of octets, a literal a largest size, and a timer cuts the whole session.
"""

from __future__ import annotations

import imaplib
import io
import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import cast

# Of one line; a SEARCH of a million messages has ten million octets.
MAX_LINE = 16 * 1024 * 1024
_CHUNK = 64 * 1024


class TooMuch(Exception):
    """The server sends more than was asked for; the connection is of no use any more."""


class Wire(imaplib.IMAP4):
    """`address` is where to connect, `host` the name its certificate must have; `secure`: TLS from the first octet.

    `alive` is called while octets come.
    """

    budget = 0
    largest = 0

    def __init__(
        self,
        host: str,
        port: int,
        *,
        address: str,
        context: ssl.SSLContext | None,
        timeout: float,
        until: float,
        alive: Callable[[], None],
    ) -> None:
        self._address, self._context, self._seconds, self._alive = address, context, timeout, alive
        self._cut = threading.Timer(until, self._end)
        self._cut.daemon = True
        self.allow(MAX_LINE)
        try:
            super().__init__(host, port, timeout)
        except BaseException:
            self._cut.cancel()
            raise

    def allow(self, budget: int, largest: int = 1024 * 1024) -> None:
        """From now on `budget` octets may come, in literals of at most `largest`."""
        self.budget, self.largest = budget, largest

    def _create_socket(self, timeout: float | None) -> socket.socket:
        made = socket.create_connection((self._address, self.port), self._seconds)
        # One more handle on the connection: TLS takes the first one away, and reads from it in another thread.
        self._line = made.dup()
        self._cut.start()
        if self._context is None:
            return made
        try:
            return self._context.wrap_socket(made, server_hostname=self.host)
        except BaseException:
            made.close()
            self._line.close()
            raise

    def read(self, size: int) -> bytes:
        if size > self.largest:
            raise TooMuch
        pieces = []
        while size > 0:
            piece = self._reader().read1(min(size, _CHUNK))
            if not piece:
                raise self.abort("socket error: EOF")
            self._spend(len(piece))
            self._alive()
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def readline(self) -> bytes:
        line = self._reader().readline(min(MAX_LINE, self.budget) + 1)
        self._spend(len(line))
        return line

    def shutdown(self) -> None:
        self._cut.cancel()
        self._line.close()
        super().shutdown()

    def _reader(self) -> io.BufferedReader:
        return getattr(self, "_file", None) or cast(
            "io.BufferedReader", self.file
        )  # its name since Python 3.14, and before

    def _spend(self, octets: int) -> None:
        self.budget -= octets
        if self.budget < 0:
            raise TooMuch

    def _end(self) -> None:
        with suppress(OSError):  # it is closed already
            self._line.shutdown(socket.SHUT_RDWR)
