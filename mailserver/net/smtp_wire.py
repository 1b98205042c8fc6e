"""Bytes to and from a remote SMTP server: one connection, its lines, its replies.

`Wire` is an asyncio protocol of our own and no stream reader: it must know what arrived before TLS began
(RFC 3207 §6), keep what arrived before a reset, and stop reading from a server that floods us.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from mailserver.net import tls
from mailserver.net.smtp_results import ConnectionBroken
from mailserver.net.transcript import printable

# RFC 5321 §4.5.3.1.5 allows 512 octets in a reply line and sets no number of lines; real servers exceed the first.
MAX_LINE = 8192
MAX_REPLY_LINES = 200
# What of a reply is kept as the reason of a result.
MAX_REPLY_TEXT = 1000

# Replies of one line that are worth remembering.
_SHORT = 80

# How much may wait unread; a pipelined group of 1,000 recipients brings about 60 KB.
_HIGH_WATER = 256 * 1024

_REPLY_LINE = re.compile(r"([2-5][0-5][0-9])(?:([ -])(.*))?\Z", re.DOTALL)
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?:\s+|\Z)")


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole reply: `text` is its lines joined by a space, without the repeated enhanced status (RFC 2034 §4)."""

    code: int
    enhanced: str
    text: str
    lines: tuple[str, ...]

    @property
    def positive(self) -> bool:
        return 200 <= self.code < 300

    @property
    def go_ahead(self) -> bool:
        return 300 <= self.code < 400

    @property
    def permanent(self) -> bool:
        return self.code >= 500


class Wire(asyncio.Protocol):
    """One TCP connection. Every wait ends with ConnectionBroken when the other side is gone."""

    _transport: asyncio.Transport

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._received = bytearray()
        self._reading = True
        self._ended = ""
        self._arrival: asyncio.Future[None] | None = None
        self._room: asyncio.Future[None] | None = None
        self._gone = self._loop.create_future()
        self._late: ConnectionBroken | None = None
        # `TLSv1.3 TLS_AES_256_GCM_SHA384`, or '' in clear.
        self.tls = ""

    @classmethod
    async def connect(cls, address: str, port: int) -> Wire:
        """Raises OSError as the system says it."""
        _, wire = await asyncio.get_running_loop().create_connection(cls, address, port)
        return wire

    @property
    def presented(self) -> list[bytes]:
        """The server's certificates as DER, its own first; none in clear."""
        session = self._transport.get_extra_info("ssl_object")
        return tls.presented(session) if session else []

    @property
    def own_address(self) -> str:
        """The address we call from, "" when the connection is gone."""
        name = self._transport.get_extra_info("sockname")
        return str(name[0]) if isinstance(name, tuple) else ""

    @property
    def silent(self) -> bool:
        """Whether the connection stands and nothing has arrived that was not asked for."""
        return not self._ended and not self._received

    def short(self) -> str | None:
        """The next reply if it is here and is one line."""
        end = self._received.find(b"\n")
        return self._cut(end) if end >= 0 and self._received[3:4] != b"-" else None

    @property
    def unread(self) -> bytes:
        """What has arrived and was not asked for yet."""
        return bytes(self._received)

    async def start_tls(self, context: ssl.SSLContext, server_name: str | None) -> None:
        """Raises OSError (ssl.SSLError among them) when the handshake fails; the connection is then lost."""
        try:
            transport = await self._loop.start_tls(self._transport, self, context, server_hostname=server_name)
        except BaseException:
            # asyncio does not tell the protocol when a handshake took the connection with it.
            self._transport.abort()
            self.connection_lost(None)
            raise
        if transport is None:
            raise ConnectionBroken("the connection was closed during the TLS handshake")
        self._transport = transport
        session = transport.get_extra_info("ssl_object")
        self.tls = tls.describe(session) if session else ""

    def write(self, data: bytes | memoryview) -> None:
        if not self._ended:
            self._transport.write(data)

    @property
    def flows(self) -> bool:
        """Whether `drained` would not wait."""
        return self._room is None and not self._ended

    async def drained(self) -> None:
        """Returns when the system has taken nearly all that was written."""
        if self._ended:
            raise ConnectionBroken(self._ended)
        if self._room is not None:
            await self._room
            await self.drained()

    async def line(self) -> str:
        """The next line without its end. Octets that are no UTF-8 become escapes."""
        while (end := self._received.find(b"\n")) < 0:
            if len(self._received) > MAX_LINE:
                raise ConnectionBroken(f"the server sent a line of more than {MAX_LINE} octets", "4.5.0")
            await self._more()
        return self._cut(end)

    def _cut(self, end: int) -> str:
        line = bytes(self._received[:end]).removesuffix(b"\r")
        del self._received[: end + 1]
        if not self._reading and len(self._received) < _HIGH_WATER // 2 and not self._ended:
            self._reading = True
            self._transport.resume_reading()
        return line.decode("utf-8", "backslashreplace")

    async def close(self, patience: float) -> None:
        """Closes in order (TLS says goodbye too), by force after `patience` seconds."""
        if patience:
            # Closing a TLS transport twice breaks its abort() in older Pythons (Debian 12: 3.11.2).
            if not self._transport.is_closing():
                self._transport.close()
            await asyncio.wait([self._gone], timeout=patience)
        if self._gone.done():
            return
        self._transport.abort()
        # Normally the loop's next turn; the bound is for an event loop that forgets to tell.
        await asyncio.wait([self._gone], timeout=1)

    def give_up(self, late: ConnectionBroken) -> None:
        """Who waits for more waits no longer, now or later: `late` says why."""
        self._late = late
        if self._arrival and not self._arrival.done():
            self._arrival.set_exception(late)

    async def _more(self) -> None:
        if self._late:
            raise self._late
        if self._ended:
            raise ConnectionBroken(self._ended)
        self._arrival = self._loop.create_future()
        try:
            await self._arrival
        finally:
            self._arrival = None

    def _wake(self) -> None:
        if self._arrival and not self._arrival.done():
            self._arrival.set_result(None)

    # Called by the event loop:

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are of no asyncio class, so this cannot be an assertion.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._received += data
        if self._reading and len(self._received) > _HIGH_WATER:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        self._ended = self._ended or "the server closed the connection"
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        self._ended = self._ended or (f"the connection was lost: {exc}" if exc else "the connection was closed")
        self._wake()
        self.resume_writing()
        if not self._gone.done():
            self._gone.set_result(None)

    def pause_writing(self) -> None:
        self._room = self._room or self._loop.create_future()

    def resume_writing(self) -> None:
        room, self._room = self._room, None
        if room and not room.done():
            room.set_result(None)


async def read_reply(wire: Wire, hear: Callable[[str], None]) -> Answer:
    """The next whole reply (RFC 5321 §4.2.1); `hear` gets each line as it comes. Raises ConnectionBroken."""
    lines: list[str] = []
    while len(lines) < MAX_REPLY_LINES:
        line = await wire.line()
        hear(line)
        code, last = _parsed(line)
        lines.append(line)
        if last:
            return answer(code, lines)
    raise ConnectionBroken(f"the server sent a reply of more than {MAX_REPLY_LINES} lines", "4.5.0")


def short_reply(wire: Wire, hear: Callable[[str], None]) -> Answer | None:
    """The next reply if it is here and is one line, as most are: a wait for it would cost more than all else."""
    line = wire.short()
    if line is None:
        return None
    hear(line)
    code, _ = _parsed(line)
    return answer(code, [line])


def _parsed(line: str) -> tuple[int, bool]:
    """The code, and whether the reply ends here. Raises ConnectionBroken."""
    found = _REPLY_LINE.match(line)
    if not found:
        raise ConnectionBroken(f"the server does not speak SMTP, it said: {printable(line)[:200]}", "4.5.0")
    return int(found[1]), found[2] != "-"


def answer(code: int, lines: list[str]) -> Answer:
    """The reply that `lines` (each still with its code) make."""
    if len(lines) == 1 and len(lines[0]) <= _SHORT:
        return _short_answer(code, lines[0])
    return _answer(code, lines)


@lru_cache(maxsize=1000)
def _short_answer(code: int, line: str) -> Answer:
    """A server says the same of most messages."""
    return _answer(code, [line])


def _answer(code: int, lines: list[str]) -> Answer:
    texts = [line[4:] for line in lines]
    found = _STATUS.match(texts[-1]) or _STATUS.match(texts[0])
    enhanced = found[1] if found and found[1][0] == str(code)[0] else ""
    words = [text.removeprefix(enhanced).strip() for text in texts]
    return Answer(code, enhanced, printable(" ".join(filter(None, words)))[:MAX_REPLY_TEXT], tuple(lines))
