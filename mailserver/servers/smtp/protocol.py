"""One SMTP connection: bytes, TLS, the order of commands, patience. What a message means is decided behind the door.

aiosmtpd's protocol class gives the life of a connection. Its command loop, parsers and DATA reader are replaced: they
echo what the client sent, let exceptions' texts out, and hold a stream without line ends in memory.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from aiosmtpd.smtp import SMTP

from mailserver.mail import replies
from mailserver.mail.replies import Reply
from mailserver.servers.limits import Register
from mailserver.servers.lines import EndOfStream, Flooded, Input, LineTooLong
from mailserver.servers.refusals import Refusals
from mailserver.servers.smtp.commands.table import COMMANDS, Command
from mailserver.servers.smtp.errors import reply_to
from mailserver.servers.smtp.limits import Limits
from mailserver.servers.smtp.refusal import Refusal
from mailserver.servers.smtp.session import Client, Door, Transaction
from mailserver.servers.strangers import HEADER_FIELD, HTTP_VERBS, TLS_HELLO

logger = logging.getLogger(__name__)

LINGER = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Site:
    """What all connections of a listener share. `tls` gives the context for STARTTLS, None where there is none.

    `folder` has room for messages under way; `turns` are those of the large ones. `refusals` takes note of what was
    turned away.
    """

    hostname: str
    size_limit: int
    register: Register
    tls: Callable[[], ssl.SSLContext | None] = lambda: None
    limits: Limits = field(default_factory=Limits)
    folder: Path | None = None
    refusals: Refusals = field(default_factory=Refusals)
    turns: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))


class Connection(SMTP):
    """One client at one door."""

    input: Input
    client: Client
    # What the bytes travel on now; aiosmtpd's own `transport` becomes None when the connection is lost.
    wire: asyncio.Transport

    def __init__(self, site: Site, door: Door) -> None:
        super().__init__(
            door,
            data_size_limit=site.size_limit,
            enable_SMTPUTF8=True,
            hostname=site.hostname,
            timeout=site.limits.session,
            loop=asyncio.get_running_loop(),
        )
        self.site = site
        self.door = door
        self.transaction: Transaction | None = None
        self.failed_sign_ins = 0
        self._admitted = False
        self._stopping = False
        self._listening = False
        self._errors = self._unknown = self._idle_commands = 0
        self._first = True
        # Whose mail the command under way is about, as (sender, recipient) in the client's words.
        self.concerns: tuple[str, str] | None = None

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports have the methods of asyncio.Transport without being a subclass.
        wire = cast(asyncio.Transport, transport)
        self.input = Input(wire)
        self._use(wire)
        self._admitted = self.site.register.enter(self, self.client.peer)
        super().connection_made(transport)

    def _use(self, transport: asyncio.Transport) -> None:
        self.wire, self.client = transport, Client.of(transport)

    def data_received(self, data: bytes) -> None:
        self.input.feed(data)

    def eof_received(self) -> bool:
        """A client that only stopped sending still gets its replies; TLS has no half-open state."""
        self.input.end()
        return not self.client.tls

    def connection_lost(self, error: Exception | None) -> None:
        self.site.register.leave(self)
        self.input.end()
        super().connection_lost(error)

    def stop(self) -> None:
        self._stopping = True
        if self._listening:
            self.input.wait_until(self.loop.time())

    def _timeout_cb(self) -> None:
        self.wire.write(bytes(replies.SESSION_TOO_LONG) + b"\r\n")
        self.wire.close()

    async def start_tls(self, context: ssl.SSLContext) -> None:
        """The handshake (RFC 3207): afterwards nothing is left of what the client said before it.

        Raises EndOfStream when the client cannot or will not.
        """
        clear = self.wire
        # Nothing may be read as a command between our 220 and the handshake.
        clear.pause_reading()
        await self.say(replies.START_TLS)
        # From here on what comes is encrypted; the first command may come with the client's last word of the handshake.
        self.input.clear()
        try:
            secured = await self.loop.start_tls(
                clear, self, context, server_side=True, ssl_handshake_timeout=self.site.limits.handshake
            )
        except (OSError, TimeoutError) as error:
            logger.info("%s %s: no TLS: %s", self.door.name, self.client.peer, type(error).__name__)
            raise EndOfStream from error
        if secured is None:
            raise EndOfStream
        self._original_transport, self.transport = clear, secured
        self._writer = asyncio.StreamWriter(secured, self, None, self.loop)
        self.input.move_to(secured)
        self._use(secured)
        self.transaction = None

    # The conversation

    async def _handle_client(self) -> None:
        try:
            await self._converse()
        except EndOfStream:
            logger.info("%s %s: gone", self.door.name, self.client.peer)
        finally:
            self.wire.close()

    async def _converse(self) -> None:
        admitted = self._admitted and await self.site.register.confirm(self)
        reply: Reply | None = replies.greeting(self.site.hostname) if admitted else replies.TOO_MANY_CONNECTIONS
        while True:
            if reply is not None:
                await self.say(reply)
                if reply.closes:
                    break
            reply = self._counted(await self._next_reply())
        if reply is not replies.BYE:
            logger.info("%s %s: %s", self.door.name, self.client.peer, reply)
        await self._linger()

    async def say(self, reply: Reply) -> None:
        """Send a reply; waits for a client that does not read. Raises EndOfStream when it is gone."""
        self.wire.write(bytes(reply) + b"\r\n")
        if not self.wire.get_write_buffer_size():
            return
        try:
            async with asyncio.timeout(self.site.limits.idle):
                await self._writer.drain()
        except OSError as error:
            raise EndOfStream from error

    async def read_line(self, limit: int) -> bytes:
        """The next line without its end. Raises Refusal when it is too long or does not come, EndOfStream."""
        self.input.wait_until(self.loop.time() + (0 if self._stopping else self.site.limits.idle))
        self._listening = True
        try:
            # No line end may ever come after the start of a TLS handshake.
            if self._first and await self.input.starts_with(TLS_HELLO):
                raise Refusal(replies.NOT_SMTP)
            return (await self.input.line(limit)).rstrip(b"\r\n")
        except TimeoutError:
            raise Refusal(replies.SHUTTING_DOWN if self._stopping else replies.IDLE_TOO_LONG) from None
        except LineTooLong:
            raise Refusal(replies.LINE_TOO_LONG) from None
        except Flooded:
            raise Refusal(replies.TOO_MANY_ERRORS) from None
        finally:
            self._listening = False
            self.input.wait_until(None)

    async def _next_reply(self) -> Reply | None:
        self.concerns = None
        reply = await self._reply_or_refusal()
        if self.concerns is not None and reply is not None and not reply.positive:
            self.site.refusals.note(self.client.refusal(self.door.name, *self.concerns, reply))
        return reply

    async def _reply_or_refusal(self) -> Reply | None:
        try:
            return await self._answer(await self.read_line(self.site.limits.sign_in_line))
        except Refusal as refusal:
            return refusal.reply
        except EndOfStream:
            raise
        except Exception as error:
            return reply_to(error)

    async def _answer(self, line: bytes) -> Reply | None:
        verb, _, argument = line.partition(b" ")
        verb = verb.upper()
        first, self._first = self._first, False
        if verb in HTTP_VERBS or (first and HEADER_FIELD.match(line)):
            return replies.NOT_SMTP
        if len(line) > self.site.limits.line and verb != b"AUTH":
            return replies.LINE_TOO_LONG
        if not verb or not verb.isascii() or b"\0" in line or b"\r" in line:
            return replies.NOT_READABLE
        command = COMMANDS.get(verb.decode("ascii"))
        if command is None:
            self._unknown += 1
            return replies.UNKNOWN_COMMAND
        return self._misplaced(command, argument) or await command.run(
            self, argument.decode("utf-8", "surrogateescape").strip(" \t")
        )

    def _misplaced(self, command: Command, argument: bytes) -> Reply | None:
        """The one check of order and form that is the same for all commands."""
        if command.idle:
            self._idle_commands += 1
        if command.alone and argument.strip():
            return replies.NO_ARGUMENT_ALLOWED
        if command.after_hello and not self.client.helo:
            return replies.HELLO_FIRST
        return None

    def _counted(self, reply: Reply | None) -> Reply | None:
        """The reply, or the end of our patience with a client that makes only errors."""
        limits = self.site.limits
        if reply is None:
            return None
        if reply.code >= 400 or self._idle_commands > limits.idle_commands:
            self._errors += 1
        if reply.closes or (self._errors <= limits.errors and self._unknown <= limits.unknown_commands):
            return reply
        return replies.TOO_MANY_ERRORS

    def message_done(self) -> None:
        """A message came to its end, so the client is not just passing time."""
        self._idle_commands = 0

    async def _linger(self) -> None:
        """Closing with unread input makes the kernel send RST, which can take our last reply with it.

        So what comes now is read and dropped, for a second and `LINGER` octets.
        """
        if self.transport is None or not self.wire.can_write_eof():
            return
        self.wire.write_eof()
        try:
            async with asyncio.timeout(1):
                dropped = 0
                while dropped < LINGER:
                    dropped += len(await self.input.chunk())
        except (TimeoutError, EndOfStream):
            return
