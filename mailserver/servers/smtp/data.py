"""The content of a message: read in blocks up to CRLF.CRLF, in bounded memory, then checked and unstuffed at once.

Only CRLF.CRLF ends it (RFC 5321 §4.1.1.4): every other ending that some server takes for one has been used to smuggle
a second message in. Reading line by line as aiosmtpd does costs 4.6 times the CPU and has no bound without CRLF.
"""

from __future__ import annotations

import asyncio
import logging
import tempfile
from pathlib import Path
from typing import IO, Self

from mailserver.mail import replies
from mailserver.servers.lines import Input
from mailserver.servers.smtp.limits import Limits
from mailserver.servers.smtp.refusal import Refusal

_END = b"\r\n.\r\n"

# What many sessions may hold at the same time; the rest of a larger message waits on the disk.
IN_MEMORY = 256 * 1024

# Trace fields stand at the top. Looking for them in 36 MB without an empty line takes a fifth of a second.
MOST_HEADER = 1024 * 1024

logger = logging.getLogger(__name__)


async def read(source: Input, content: Content, *, limits: Limits) -> None:
    """Fill `content` up to the end mark.

    Raises Refusal, to be followed by a close, when it is twice too large or comes too slowly; lines.EndOfStream.
    """
    pace = _Pace(limits)
    while (rest := content.feed(await pace.next(source))) is None:
        pass
    source.push_back(rest)


class Content:
    """The octets after DATA, as they come. What needs a look at each octet, stuffed dots included, is done block by
    block: 36 MB at once would keep all other sessions waiting for a quarter of a second. `folder`: where large
    messages wait for their end, in files without a name; None for the system's choice. Close it.
    """

    def __init__(self, size_limit: int, folder: Path | None = None) -> None:
        self._size_limit = size_limit
        self._folder = folder
        # Stuffed dots do not count (RFC 1870 §4), so a little more is held than the limit says.
        self._most = size_limit + size_limit // 8
        # The end mark may follow the DATA command directly, whose CRLF then counts.
        self._held = bytearray(b"\r\n")
        # What precedes `_held`, without the stuffed dots; its octets are `_written`.
        self._file: IO[bytes] | None = None
        self._written = self._dropped = self._checked = 0
        self._lone = self._stuffed = self._disk_full = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    @property
    def size(self) -> int:
        """Octets to come from `take`, or a little more."""
        return self._written + len(self._held) - 2

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
        if self._dropped or self.size > self._most:
            self._drop()
        elif len(held) > IN_MEMORY and self._checked > 2:
            self._write(self._settled())
        if self._dropped > 2 * self._size_limit:
            raise Refusal(replies.TOO_MUCH_DATA)
        return None

    def take(self) -> bytes:
        """The message without the dots that were stuffed into it (RFC 5321 §4.5.2); every line ends with CRLF.

        Raises Refusal.
        """
        if not self._dropped and self._file:
            self._write(len(self._held))
        if self._dropped:
            raise Refusal(replies.SYSTEM_FULL if self._disk_full else replies.MESSAGE_TOO_LARGE)
        if self._lone:
            raise Refusal(replies.LONE_CR_OR_LF)
        content = self._whole()
        if len(content) > self._size_limit:
            raise Refusal(replies.MESSAGE_TOO_LARGE)
        return content

    def _whole(self) -> bytes:
        """All but the CRLF of the command; what is not on the disk is at most `IN_MEMORY` and a chunk."""
        if self._file is None:
            return bytes(memoryview(self._unstuffed(len(self._held)))[2:])
        self._file.seek(2)
        return self._file.read()

    def _unstuffed(self, count: int) -> bytearray:
        """The first `count` octets held, which do not end between CR, LF and dot, without the stuffed dots."""
        octets = self._held[:count]
        return octets.replace(b"\r\n.", b"\r\n") if self._stuffed else octets

    def _check(self, until: int) -> None:
        """Look for lone CR and LF and for stuffed dots up to an offset."""
        held, start = self._held, self._checked
        if self._dropped or until <= start:
            return
        if held[until - 1 : until + 1] == b"\r\n":
            until -= 1
        # Quicker than counting each of the three.
        without_ends = held[start:until].replace(b"\r\n", b"")
        self._lone |= b"\r" in without_ends or b"\n" in without_ends
        self._stuffed |= held.find(b"\r\n.", max(0, start - 2), until) >= 0
        self._checked = until

    def _settled(self) -> int:
        """How many octets may go: `_check` looks back two, and a CRLF stays with the dot that may follow it."""
        count = self._checked - 2
        before = self._held[max(0, count - 2) : count + 1]
        if before.endswith(b"\r\n"):
            return count - 1
        return count - 2 if before.startswith(b"\r\n") else count

    def _write(self, count: int) -> None:
        """Move octets to the disk. A disk that is full is told after the end mark: no reply may come before."""
        octets = self._unstuffed(count)
        try:
            if self._file is None:
                self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - closed in __exit__
            done = self._file.write(octets)
            if done < len(octets):
                raise OSError(f"{done} of {len(octets)} octets")
        except OSError as error:
            logger.error("no room for a message under way: %s", error)
            self._disk_full = True
            self._drop()
            return
        del self._held[:count]
        self._checked -= count
        self._written += len(octets)

    def _drop(self) -> None:
        """Keep only what may be the beginning of the end mark."""
        if self._file is not None:
            self._file.close()
            self._file = None
        gone = max(0, len(self._held) - len(_END) + 1)
        del self._held[:gone]
        self._dropped += self._written + gone
        self._written = 0


def header(content: bytes) -> bytes:
    """The header block of a message, as far as the first empty line, which may be the very first; its beginning when
    there is more than `MOST_HEADER`.
    """
    if content.startswith(b"\r\n"):
        return b""
    end = content.find(b"\r\n\r\n", 0, MOST_HEADER)
    return content[: end if end >= 0 else MOST_HEADER]


class _Pace:
    """Lets the content take its time while it comes at `data_rate` octets a second or more, and `data_total` in all."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._start = self._since = self._loop.time()
        self._octets = 0

    async def next(self, source: Input) -> bytearray:
        try:
            source.wait_until(min(self._since + self._limits.idle, self._start + self._limits.data_total))
            chunk = await source.chunk()
        except TimeoutError:
            raise Refusal(replies.IDLE_TOO_LONG) from None
        finally:
            source.wait_until(None)
        self._octets += len(chunk)
        now = self._loop.time()
        if self._octets >= self._limits.data_rate * (now - self._since):
            self._since, self._octets = now, 0
        return chunk
