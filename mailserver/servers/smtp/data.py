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
    content, pace = Content(size_limit), _Pace(limits)
    while (rest := content.feed(await pace.next(source))) is None:
        pass
    source.push_back(rest)
    return content.take()


class Content:
    """The octets after DATA, as they come. What needs a look at each octet is done block by block: 36 MB at once
    would keep all other sessions waiting for a fifth of a second."""

    def __init__(self, size_limit: int) -> None:
        self._size_limit = size_limit
        # Stuffed dots do not count (RFC 1870 §4), so a little more is held than the limit says.
        self._most = size_limit + size_limit // 8
        # The end mark may follow the DATA command directly, whose CRLF then counts.
        self._held = bytearray(b"\r\n")
        self._dropped = self._checked = 0
        self._lone = self._stuffed = False

    def feed(self, chunk: bytes | bytearray) -> bytearray | None:
        """None while the end mark has not come; then what follows it. Raises Refusal when it is far too much."""
        held = self._held
        searched = max(0, len(held) - len(_END) + 1)
        held += chunk
        end = held.find(_END, searched)
        if end >= 0:
            rest = held[end + len(_END) :]
            # The mark's first CRLF ends the last line.
            del held[end + 2 :]
            self._check(end + 2)
            return rest
        self._check(len(held) - len(_END) + 1)
        if self._dropped + len(held) > self._most:
            self._dropped += len(held) - len(_END) + 1
            del held[: 1 - len(_END)]
        if self._dropped > 2 * self._size_limit:
            raise Refusal(replies.TOO_MUCH_DATA)
        return None

    def take(self) -> bytes:
        """The message. Raises Refusal."""
        if self._dropped:
            raise Refusal(replies.MESSAGE_TOO_LARGE)
        if self._lone:
            raise Refusal(replies.LONE_CR_OR_LF)
        if self._stuffed:
            self._held = self._held.replace(b"\r\n.", b"\r\n")
        if len(self._held) - 2 > self._size_limit:
            raise Refusal(replies.MESSAGE_TOO_LARGE)
        return bytes(memoryview(self._held)[2:])

    def _check(self, until: int) -> None:
        """Look for lone CR and LF and for stuffed dots up to an offset."""
        held, start = self._held, self._checked
        if self._dropped or until <= start:
            return
        if held[until - 1 : until + 1] == b"\r\n":
            until -= 1
        ends = held.count(b"\r\n", start, until)
        self._lone |= held.count(b"\r", start, until) != ends or held.count(b"\n", start, until) != ends
        self._stuffed |= held.find(b"\r\n.", max(0, start - 2), until) >= 0
        self._checked = until


def header(content: bytes) -> bytes:
    """The header block of a message, as far as the first empty line, which may be the very first."""
    if content.startswith(b"\r\n"):
        return b""
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
