"""One client of a line protocol: its bytes in and out, TLS that begins midway, and an end that loses no last word."""

from __future__ import annotations

import asyncio
import logging
import ssl
from typing import cast

from mailserver.net.tls import describe
from mailserver.servers.lines import HIGH_WATER, EndOfStream, Input

logger = logging.getLogger(__name__)

LINGER_SECONDS = 1.0
LINGER = 4 * 1024 * 1024
# After the end: how long what was written may take to leave.
CLOSE_SECONDS = 30.0


class Wire(asyncio.Protocol):
    """`peer` is the client's IP address, `tls` what it is encrypted with (`TLSv1.3 TLS_AES_256_GCM_SHA384`) or ""."""

    peer: str
    tls: str
    input: Input
    transport: asyncio.Transport

    def __init__(self, *, stalled: float, high_water: int = HIGH_WATER) -> None:
        self._stalled = stalled
        self._high_water = high_water
        self._writable = asyncio.Event()
        self._lost = asyncio.Event()
        self._abort: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being a subclass.
        wire = cast(asyncio.Transport, transport)
        self.input = Input(wire, self._high_water)
        self._use(wire)

    def _use(self, transport: asyncio.Transport) -> None:
        name = transport.get_extra_info("peername")
        session: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self.transport = transport
        self.peer = str(name[0]) if isinstance(name, tuple) else ""
        self.tls = describe(session) if session else ""
        self._writable.set()

    def data_received(self, data: bytes) -> None:
        self.input.feed(data)

    def eof_received(self) -> bool:
        """A client that only stopped sending still gets its replies; TLS has no half-open state."""
        self.input.end()
        return not self.tls

    def connection_lost(self, error: Exception | None) -> None:
        self._lost.set()
        self.input.end()
        self._writable.set()
        if self._abort is not None:
            self._abort.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def write(self, data: bytes) -> None:
        """Send; waits for a client that does not read. Raises EndOfStream when it is gone or takes nothing at all."""
        if self._lost.is_set() or self.transport.is_closing():
            raise EndOfStream
        self.transport.write(data)
        while not self._writable.is_set():
            await self._progress()
        if self._lost.is_set():
            raise EndOfStream

    async def _progress(self) -> None:
        before = self.transport.get_write_buffer_size()
        try:
            async with asyncio.timeout(self._stalled):
                await self._writable.wait()
        except TimeoutError:
            if self.transport.get_write_buffer_size() >= before:
                self.transport.abort()
                raise EndOfStream from None

    async def begin_tls(self, context: ssl.SSLContext, go_ahead: bytes, seconds: float) -> None:
        """Say `go_ahead` and shake hands; afterwards nothing is left of what the client sent before.

        Raises EndOfStream when the client cannot or will not.
        """
        clear = self.transport
        # Nothing may be read as a command between our word and the handshake.
        clear.pause_reading()
        await self.write(go_ahead)
        # From here on what comes is encrypted; the first command may come with the client's last word of the handshake.
        self.input.clear()
        try:
            secured = await asyncio.get_running_loop().start_tls(
                clear, self, context, server_side=True, ssl_handshake_timeout=seconds
            )
        except (OSError, TimeoutError) as error:
            logger.info("%s: no TLS: %s", self.peer, type(error).__name__)
            raise EndOfStream from error
        if secured is None:
            raise EndOfStream
        self.input.move_to(secured)
        self._use(secured)

    async def close(self, *, linger: bool, seconds: float = CLOSE_SECONDS) -> None:
        """Hang up, and return when the connection is gone, for which a client has so many seconds.

        `linger`: first wait a moment for the client to go. Closing with unread input makes the kernel send RST, which
        can take our last words with it.
        """
        if linger and not self._lost.is_set() and self.transport.can_write_eof():
            self.transport.write_eof()
            await self._drop_input()
        if not self._lost.is_set():
            self._abort = asyncio.get_running_loop().call_later(seconds, self.transport.abort)
            self.transport.close()
            await self._lost.wait()

    async def _drop_input(self) -> None:
        dropped = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while dropped < LINGER:
                    dropped += len(await self.input.chunk())
        except (TimeoutError, EndOfStream):
            return
