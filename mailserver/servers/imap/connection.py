"""One IMAP connection: octets in and out, TLS, compression, patience. What they mean is the session's matter."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, cast

from mailserver.net.tls import describe
from mailserver.servers.imap.compression import Deflated
from mailserver.servers.imap.hub import Hub
from mailserver.servers.imap.limits import Limits
from mailserver.servers.limits import Register
from mailserver.servers.lines import EndOfStream, Input

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Site:
    """What all connections of a process share. `tls` gives the context for STARTTLS, None where there is none.

    `folder` has room for messages under way; `turns` are those of the large ones. `compressed` are the sessions that
    are, `tasks` all of them.
    """

    hostname: str
    size_limit: int
    register: Register
    hub: Hub
    tls: Callable[[], ssl.SSLContext | None] = lambda: None
    limits: Limits = field(default_factory=Limits)
    folder: Path | None = None
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    compressed: set[object] = field(default_factory=set)
    tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def close(self) -> None:
        """When no connection is left: let the sessions end too, and hear nothing any more."""
        if self.tasks:
            await asyncio.wait(self.tasks, timeout=self.limits.handshake)
        await self.hub.close()


class Speaker(Protocol):
    """Who leads the conversation."""

    async def converse(self) -> None: ...

    def stop(self) -> None: ...


class Connection(asyncio.Protocol):
    """The wire of one session. What is written waits until `flush`, so that a response is one packet."""

    input: Input
    transport: asyncio.Transport

    def __init__(self, site: Site, speaker: Callable[[Connection], Speaker]) -> None:
        self.site = site
        self.loop = asyncio.get_running_loop()
        self.peer = ""
        self.tls = ""
        self.admitted = False
        self._make_speaker = speaker
        self._speaker: Speaker | None = None
        self._out: list[bytes] = []
        self._waiting = 0
        self._deflated: Deflated | None = None
        self._writable: asyncio.Future[None] | None = None
        self._full = False
        self._lost = False

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being a subclass.
        wire = cast(asyncio.Transport, transport)
        self.input = Input(wire, self.site.limits.high_water)
        self._use(wire)
        self.admitted = self.site.register.enter(self, self.peer)
        self._speaker = self._make_speaker(self)
        task = self.loop.create_task(self._serve(self._speaker))
        self.site.tasks.add(task)
        task.add_done_callback(self.site.tasks.discard)

    def _use(self, transport: asyncio.Transport) -> None:
        name = transport.get_extra_info("peername")
        session: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self.transport = transport
        self.peer = str(name[0]) if isinstance(name, tuple) else ""
        self.tls = describe(session) if session else ""
        transport.set_write_buffer_limits(high=self.site.limits.high_water)

    def data_received(self, data: bytes) -> None:
        if self._deflated is None:
            self.input.feed(data)
            return
        try:
            for piece in self._deflated.inflate(data):
                self.input.feed(piece)
        except ValueError:
            logger.info("imap %s: what it sends is not deflated", self.peer)
            self.transport.abort()

    def eof_received(self) -> bool:
        """A client that only stopped sending still gets its responses; TLS has no half-open state."""
        self.input.end()
        return not self.tls

    def connection_lost(self, error: Exception | None) -> None:
        self._lost = True
        self.site.register.leave(self)
        self.site.compressed.discard(self)
        self.input.end()
        self._release()

    def pause_writing(self) -> None:
        self._full = True

    def resume_writing(self) -> None:
        self._full = False
        self._release()

    def _release(self) -> None:
        if self._writable is not None and not self._writable.done():
            self._writable.set_result(None)

    def stop(self) -> None:
        """The register's word that the server ends."""
        if self._speaker is not None:
            self._speaker.stop()

    async def _serve(self, speaker: Speaker) -> None:
        try:
            await speaker.converse()
        except EndOfStream:
            logger.info("imap %s: gone", self.peer)
        except Exception:
            logger.exception("imap %s: the session ends", self.peer)
        finally:
            if not self._lost:
                self.transport.close()

    # Writing

    def write(self, *pieces: bytes) -> None:
        """Add to what is sent with the next `flush`."""
        self._out += pieces
        self._waiting += sum(map(len, pieces))

    @property
    def waiting(self) -> int:
        """Octets that were written and not flushed."""
        return self._waiting

    async def flush(self) -> None:
        """Send what was written; waits for a client that does not read. Raises EndOfStream when it is gone."""
        if self._out:
            data, self._out, self._waiting = b"".join(self._out), [], 0
            self.transport.write(self._deflated.deflate(data) if self._deflated else data)
        if self._lost:
            raise EndOfStream
        if not self._full:
            return
        self._writable = self.loop.create_future()
        try:
            async with asyncio.timeout(self.site.limits.stalled):
                await self._writable
        except TimeoutError:
            self.transport.abort()
            raise EndOfStream from None
        finally:
            self._writable = None
        if self._lost:
            raise EndOfStream

    # What changes on the way

    async def start_tls(self, context: ssl.SSLContext, go_ahead: bytes) -> None:
        """The handshake (RFC 9051 §6.2.1): afterwards nothing is left of what the client said before it.

        Raises EndOfStream when the client cannot or will not, or said something behind the command.
        """
        clear = self.transport
        # Nothing may be read as a command between our answer and the handshake.
        clear.pause_reading()
        if self.input:
            logger.warning("imap %s: commands in clear behind STARTTLS", self.peer)
            raise EndOfStream
        self.write(go_ahead)
        await self.flush()
        # From here on what comes is encrypted; the first command may come with the client's last word of the handshake.
        self.input.clear()
        try:
            secured = await self.loop.start_tls(
                clear, self, context, server_side=True, ssl_handshake_timeout=self.site.limits.handshake
            )
        except (OSError, TimeoutError) as error:
            logger.info("imap %s: no TLS: %s", self.peer, type(error).__name__)
            raise EndOfStream from error
        if secured is None:
            raise EndOfStream
        self.input.move_to(secured)
        self._use(secured)

    def compress(self) -> None:
        """From now on both directions are deflated (RFC 4978). Flush before; what came already is deflated too."""
        self._deflated = Deflated()
        self.site.compressed.add(self)
        early = self.input.taken()
        if early:
            self.data_received(bytes(early))

    @property
    def is_compressed(self) -> bool:
        return self._deflated is not None
