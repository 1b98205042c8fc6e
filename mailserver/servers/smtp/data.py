"""The content of a message: read in blocks up to CRLF.CRLF, in bounded memory, then checked and unstuffed at once.

Only CRLF.CRLF ends it (RFC 5321 §4.1.1.4): every other ending that some server takes for one has been used to smuggle
a second message in. Reading line by line as aiosmtpd does costs 4.6 times the CPU and has no bound without CRLF.
"""

from __future__ import annotations

import asyncio

from mailserver.mail import replies
from mailserver.servers.lines import Input
from mailserver.servers.smtp.limits import Limits
from mailserver.servers.smtp.refusal import Refusal

_END = b"\r\n.\r\n"


async def read(source: Input, *, size_limit: int, limits: Limits) -> bytes:
    """The content without the dots that were stuffed into it (RFC 5321 §4.5.2); every line ends with CRLF.

    Raises Refusal: after the end mark when the message is too large or has a lone CR or LF; at once, to be followed by
    a close, when it is twice too large or comes too slowly. Raises lines.EndOfStream.
    """
    # The end mark may follow the DATA command directly, whose CRLF then counts.
    held, dropped = bytearray(b"\r\n"), 0
    # Stuffed dots do not count (RFC 1870 §4), so a little more is held than the limit says.
    most = size_limit + size_limit // 8
    pace = _Pace(limits)
    while True:
        chunk = await pace.next(source)
        searched = max(0, len(held) - len(_END) + 1)
        held += chunk
        if (end := held.find(_END, searched)) >= 0:
            break
        if dropped + len(held) > most:
            dropped += len(held) - len(_END) + 1
            del held[: 1 - len(_END)]
        if dropped > 2 * size_limit:
            raise Refusal(replies.TOO_MUCH_DATA)
    source.push_back(memoryview(held)[end + len(_END) :])
    del held[end + 2 :]
    if dropped:
        raise Refusal(replies.MESSAGE_TOO_LARGE)
    content = _content(held)
    if len(content) > size_limit:
        raise Refusal(replies.MESSAGE_TOO_LARGE)
    return content


def _content(held: bytearray) -> bytes:
    """`held` is CRLF, then the lines as sent."""
    ends = held.count(b"\r\n")
    if held.count(b"\n") != ends or held.count(b"\r") != ends:
        raise Refusal(replies.LONE_CR_OR_LF)
    if b"\r\n." in held:
        held = held.replace(b"\r\n.", b"\r\n")
    return bytes(memoryview(held)[2:])


def header(content: bytes) -> bytes:
    """The header block of a message, as far as the first empty line."""
    end = content.find(b"\r\n\r\n")
    return content[:end] if end >= 0 else content


class _Pace:
    """Lets the content take its time while it comes at `data_rate` octets a second or more, and `data_total` in all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._start = self._since = self._loop.time()
        self._octets = 0

    async def next(self, source: Input) -> bytearray:
        try:
            async with asyncio.timeout_at(min(self._since + self._limits.idle, self._start + self._limits.data_total)):
                chunk = await source.chunk()
        except TimeoutError:
            raise Refusal(replies.IDLE_TOO_LONG) from None
        self._octets += len(chunk)
        now = self._loop.time()
        if self._octets >= self._limits.data_rate * (now - self._since):
            self._since, self._octets = now, 0
        return chunk
