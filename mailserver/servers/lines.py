"""Lines and blocks of bytes from one connection.

Own buffering instead of `asyncio.StreamReader`: what follows a block in the same packet stays for the next line
without touching another class's buffer, and at STARTTLS everything received before the handshake is dropped in one
place (RFC 3207 §4.2; CVE-2011-0411).
"""

from __future__ import annotations

import asyncio

HIGH_WATER = 256 * 1024


class EndOfStream(Exception):
    """The peer sends no more, or the connection is gone."""


class LineTooLong(Exception):
    """The line was longer than asked for; it has been read to its end and thrown away."""


class Flooded(Exception):
    """Far more than a line came without any line end."""


class Input:
    """What one peer sent and nobody has taken yet; the transport is paused while that is more than `high_water`."""

    def __init__(self, transport: asyncio.Transport, high_water: int = HIGH_WATER) -> None:
        self._transport = transport
        self._high_water = high_water
        self._buffer = bytearray()
        self._waiter: asyncio.Future[None] | None = None
        self._paused = False
        self._ended = False
        self._until: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def wait_until(self, moment: float | None) -> None:
        """From now on whoever waits here, or does already, gets TimeoutError at that time of the loop; None: never.

        One timer that is put off costs far less than `asyncio.timeout` around each line.
        """
        self._until = moment
        if moment is not None and (self._timer is None or moment < self._timer.when()):
            self._cancel_timer()
            if self._waiter is not None:
                self._set_timer(moment)

    def feed(self, data: bytes) -> None:
        """Called by the protocol with each packet."""
        self._buffer += data
        if len(self._buffer) > self._high_water and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def end(self) -> None:
        """Called by the protocol when nothing more will come."""
        self._ended = True
        self._cancel_timer()
        self._wake()

    def __bool__(self) -> bool:
        """Whether there is something that nobody has taken yet."""
        return bool(self._buffer)

    @property
    def ended(self) -> bool:
        return self._ended

    def taken(self) -> bytearray:
        """All that is there, maybe nothing."""
        taken, self._buffer = self._buffer, bytearray()
        self._taken(0)
        return taken

    async def some(self, most: int) -> bytes:
        """At least one octet and at most so many. Raises EndOfStream."""
        while not self._buffer:
            await self._more()
        octets = bytes(memoryview(self._buffer)[:most])
        self._taken(len(octets))
        return octets

    async def stir(self) -> None:
        """Until something is there to be taken, the peer has stopped, or somebody calls `nudge`."""
        if not self._buffer and not self._ended:
            await self._more()

    def nudge(self) -> None:
        """Wake who waits in `stir`, or anywhere else here, where it goes on waiting."""
        self._wake()

    def clear(self) -> None:
        """Throw away all that was received and not yet taken."""
        self._taken(len(self._buffer))

    def move_to(self, transport: asyncio.Transport) -> None:
        """From now on it is another transport of the same connection that is paused: TLS has begun."""
        if self._paused:
            self._transport.resume_reading()
            transport.pause_reading()
        self._transport = transport

    async def starts_with(self, prefix: bytes) -> bool:
        """Whether the bytes not yet taken begin so; waits for the first ones. Raises EndOfStream."""
        while not self._buffer:
            await self._more()
        return self._buffer.startswith(prefix)

    def push_back(self, data: bytes | bytearray | memoryview) -> None:
        """Put bytes in front again: the next line or chunk starts with them."""
        self._buffer[:0] = data

    async def line(self, limit: int) -> bytes:
        """The next line with its end (LF, normally CRLF), at most `limit` octets.

        Raises LineTooLong after the end of a longer line, Flooded when 32 times the limit came without a line end,
        EndOfStream when the peer stopped before the end of a line.
        """
        scanned = skipped = 0
        while (end := self._buffer.find(b"\n", scanned)) < 0:
            scanned = len(self._buffer)
            if scanned > limit:
                skipped += scanned
                scanned = 0
                self.clear()
                if skipped > 32 * limit:
                    raise Flooded
            await self._more()
        line = bytes(memoryview(self._buffer)[: end + 1])
        self._taken(end + 1)
        if skipped or len(line) > limit:
            raise LineTooLong
        return line

    async def chunk(self) -> bytearray:
        """All that is there, at least one octet. Raises EndOfStream."""
        while not self._buffer:
            await self._more()
        return self.taken()

    def _taken(self, count: int) -> None:
        del self._buffer[:count]
        if self._paused and len(self._buffer) <= self._high_water // 2:
            self._paused = False
            self._transport.resume_reading()

    async def _more(self) -> None:
        if self._ended:
            raise EndOfStream
        self._waiter = asyncio.get_running_loop().create_future()
        if self._until is not None and self._timer is None:
            self._set_timer(self._until)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self, moment: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(moment, self._look_at_the_clock)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _look_at_the_clock(self) -> None:
        """The timer was set for something that came meanwhile, or that never did."""
        self._timer = None
        if self._until is None or self._waiter is None or self._waiter.done():
            return
        if asyncio.get_running_loop().time() < self._until:
            self._set_timer(self._until)
        else:
            self._waiter.set_exception(TimeoutError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)
