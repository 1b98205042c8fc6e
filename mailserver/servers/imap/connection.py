"""One IMAP connection: octets in and out, compression, an end in time. What they mean is the session's matter."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from mailserver.servers.imap.compression import Deflated
from mailserver.servers.imap.hub import Hub
from mailserver.servers.imap.limits import Limits
from mailserver.servers.imap.turns import Turns
from mailserver.servers.limits import Register
from mailserver.servers.lines import EndOfStream
from mailserver.servers.wire import Wire

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
    # A search may look at every message of a folder; together they have fewer threads than an account has sessions.
    searches: Turns = field(default_factory=lambda: Turns(2))
    # What an account brings is filed one after the other anyhow, under its lock; nobody waits for that in a thread.
    appends: Turns = field(default_factory=lambda: Turns(1))
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


class Connection(Wire):
    """The wire of one session. What is said waits until `flush`, so that a response is one packet."""

    def __init__(self, site: Site, speaker: Callable[[Connection], Speaker]) -> None:
        super().__init__(stalled=site.limits.stalled, high_water=site.limits.high_water)
        self.site = site
        self.admitted = False
        self._make_speaker = speaker
        self._speaker: Speaker | None = None
        self._out: list[bytes] = []
        self._waiting = 0
        self._flushed = 0
        self._deflated: Deflated | None = None
        self._deaf = False

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self.admitted = self.site.register.enter(self, self.peer)
        self._speaker = self._make_speaker(self)
        task = asyncio.get_running_loop().create_task(self._serve(self._speaker))
        self.site.tasks.add(task)
        task.add_done_callback(self.site.tasks.discard)

    def _use(self, transport: asyncio.Transport) -> None:
        super()._use(transport)
        transport.set_write_buffer_limits(high=self.site.limits.high_water)

    def data_received(self, data: bytes) -> None:
        if self._deaf:
            return
        if self._deflated is None:
            self.input.feed(data)
            return
        try:
            self._deflated.feed(data)
        except ValueError:
            logger.info("imap %s: what it sends is not deflated", self.peer)
            self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        self.site.register.leave(self)
        self.site.compressed.discard(self)
        super().connection_lost(error)

    def stop(self) -> None:
        """The register's word that the server ends."""
        if self._speaker is not None:
            self._speaker.stop()

    async def _serve(self, speaker: Speaker) -> None:
        linger = False
        try:
            self.admitted = self.admitted and await self.site.register.confirm(self)
            await speaker.converse()
            linger = True
        except EndOfStream:
            logger.info("imap %s: gone", self.peer)
        except Exception:
            logger.exception("imap %s: the session ends", self.peer)
        finally:
            self._stop_listening()
            await self.close(linger=linger)

    def _stop_listening(self) -> None:
        """TLS ends when both sides have said so: a client that goes on talking is read, and not heard."""
        if (self.tls or self._deflated) and not self.transport.is_closing():
            self._deaf = True
            self.transport.resume_reading()

    # Writing

    def say(self, *pieces: bytes) -> None:
        """Add to what is sent with the next `flush`."""
        self._out += pieces
        self._waiting += sum(map(len, pieces))

    @property
    def waiting(self) -> int:
        """Octets that were said and not flushed."""
        return self._waiting

    def mark(self) -> tuple[int, int]:
        """Where a response begins, for `take_back`."""
        return self._flushed, len(self._out)

    def take_back(self, mark: tuple[int, int]) -> bool:
        """Forget what was said since the mark; False when some of it is on its way."""
        flushed, kept = mark
        if flushed != self._flushed:
            return False
        del self._out[kept:]
        self._waiting = sum(map(len, self._out))
        return True

    async def flush(self) -> None:
        """Send what was said; waits for a client that does not read. Raises EndOfStream when it is gone."""
        if self._out:
            data, self._out, self._waiting = b"".join(self._out), [], 0
            self._flushed += 1
            await self.write(self._deflated.deflate(data) if self._deflated else data)
        elif self._lost.is_set():
            raise EndOfStream

    # What changes on the way

    async def start_tls(self, context: ssl.SSLContext, go_ahead: bytes) -> None:
        """The handshake (RFC 9051 §6.2.1). Raises EndOfStream when the client cannot or will not, or said something
        behind the command.
        """
        if self.input:
            logger.warning("imap %s: commands in clear behind STARTTLS", self.peer)
            raise EndOfStream
        await self.begin_tls(context, go_ahead, self.site.limits.handshake)

    def compress(self) -> None:
        """From now on both directions are deflated (RFC 4978). Flush before; what came already is deflated too."""
        self.site.compressed.add(self)
        early = bytes(self.input.taken())
        self._deflated = Deflated(self.input, self.transport)
        if early:
            self.data_received(early)

    @property
    def is_compressed(self) -> bool:
        return self._deflated is not None
