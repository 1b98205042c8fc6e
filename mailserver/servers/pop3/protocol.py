"""One POP3 connection (RFC 1939): the order of commands, patience, and the maildrop that it holds while it lasts."""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field

from mailserver.errors import Unavailable
from mailserver.servers import bridge
from mailserver.servers.limits import Register
from mailserver.servers.lines import EndOfStream, Flooded, LineTooLong
from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.commands.table import COMMANDS, Command
from mailserver.servers.pop3.errors import reply_to
from mailserver.servers.pop3.limits import Limits
from mailserver.servers.pop3.refusal import Refusal
from mailserver.servers.pop3.replies import Reply
from mailserver.servers.pop3.session import Session, State
from mailserver.servers.strangers import HEADER_FIELD, HTTP_VERBS, TLS_HELLO
from mailserver.servers.wire import CLOSE_SECONDS, Wire
from mailserver.services import login, maildrop
from mailserver.services.login import Login
from mailserver.services.maildrop import Maildrop

logger = logging.getLogger(__name__)

# When we stop, a client that does not take our last words is not waited for.
HURRY_SECONDS = 2.0


class Silent(Exception):
    """The client said nothing for too long (RFC 1939 §3: no UPDATE, and no response)."""


@dataclass(frozen=True, slots=True)
class Site:
    """What all connections of the listeners share. `tls` gives the context for STLS, None where there is none."""

    hostname: str
    register: Register
    tls: Callable[[], ssl.SSLContext | None]
    limits: Limits = field(default_factory=Limits)


class Connection(Wire):
    """One client."""

    def __init__(self, site: Site) -> None:
        super().__init__(stalled=site.limits.stalled, high_water=site.limits.pipelined)
        self.site = site
        self.session = Session()
        self._began = asyncio.get_running_loop().time()
        self._admitted = False
        self._first = True
        self._errors = self._unknown = 0
        self._ending: Reply | None = None
        self._patience: asyncio.Timeout | None = None
        self._life: asyncio.Task[None] | None = None
        self._renewal: asyncio.Task[None] | None = None

    # The life of the connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._admitted = self.site.register.enter(self, self.peer)
        self._life = asyncio.get_running_loop().create_task(self._live())

    def stop(self) -> None:
        self._end_with(replies.SHUTTING_DOWN)

    def _end_with(self, reply: Reply) -> None:
        """End after the command under way."""
        self._ending = self._ending or reply
        if self._patience is not None and not self._patience.expired():
            self._patience.reschedule(asyncio.get_running_loop().time())

    async def _live(self) -> None:
        linger = False
        try:
            await self._converse()
            linger = True
        except EndOfStream:
            logger.info("pop3 %s: gone", self.peer)
        except Silent:
            logger.info("pop3 %s: silent for too long", self.peer)
        finally:
            await self._give_back()
            await self.close(linger=linger, seconds=HURRY_SECONDS if self._ending else CLOSE_SECONDS)
            # Last: who waits for all to be gone waits for the maildrops too.
            self.site.register.leave(self)

    # The maildrop

    def begin(self, drop: Maildrop, found: Login) -> None:
        """Somebody has signed in and has their maildrop."""
        self.session.maildrop = drop
        self.site.register.trust(self)
        self._renewal = asyncio.get_running_loop().create_task(self._renew(drop, found))

    def finished(self) -> None:
        """QUIT has given the maildrop back."""
        self.session.maildrop = None
        if self._renewal is not None:
            self._renewal.cancel()

    async def _renew(self, drop: Maildrop, found: Login) -> None:
        ending = None
        while ending is None:
            await asyncio.sleep(self.site.limits.renew)
            ending = await self._keep(drop, found)
        logger.warning("pop3 %s: account %d: %s", self.peer, drop.account_id, ending)
        self._end_with(ending)

    async def _keep(self, drop: Maildrop, found: Login) -> Reply | None:
        """Why the session ends, if it does."""
        try:
            if not await bridge.run(maildrop.renew, mailbox_id=drop.mailbox_id, holder=drop.holder):
                return replies.LEASE_LOST
            return None if await bridge.run(login.is_current, login=found) else replies.SIGNED_OUT
        except Exception as error:
            # If the database is back in time, nobody else has come between.
            logger.warning("pop3 %s: the lease of account %d was not renewed: %r", self.peer, drop.account_id, error)
            return None

    async def _give_back(self) -> None:
        drop = self.session.maildrop
        if drop is None:
            return
        self.finished()
        try:
            await bridge.run(maildrop.release, mailbox_id=drop.mailbox_id, holder=drop.holder)
        except Unavailable:
            logger.warning("pop3 %s: the lease of account %d runs out by itself", self.peer, drop.account_id)

    # The conversation

    async def _converse(self) -> None:
        admitted = self._admitted and await self.site.register.confirm(self)
        reply: Reply | None = replies.greeting(self.site.hostname) if admitted else replies.TOO_MANY_CONNECTIONS
        while True:
            if reply is not None:
                await self.say(reply)
                if reply.closes:
                    break
            # A client with a thousand commands in a packet must not keep the others waiting.
            await asyncio.sleep(0)
            reply = self._counted(await self._next_reply())
        if reply is not replies.BYE:
            logger.info("pop3 %s: %s", self.peer, reply)

    async def say(self, reply: Reply) -> None:
        """Raises EndOfStream when the client is gone."""
        await self.write(bytes(reply))

    async def read_line(self, limit: int) -> bytes:
        """The next line without its end. Raises Refusal when it is too long, Silent, EndOfStream."""
        try:
            async with asyncio.timeout(0 if self._ending else self._seconds()) as self._patience:
                # No line end may ever come after the start of a TLS handshake.
                if self._first and await self.input.starts_with(TLS_HELLO):
                    raise Refusal(replies.NOT_POP3)
                line = await self.input.line(limit)
                return line.removesuffix(b"\n").removesuffix(b"\r")
        except TimeoutError:
            if self._ending:
                raise Refusal(self._ending) from None
            raise Silent from None
        except LineTooLong:
            raise Refusal(replies.LINE_TOO_LONG) from None
        except Flooded:
            raise Refusal(replies.TOO_MANY_ERRORS) from None
        finally:
            self._patience = None

    def _seconds(self) -> float:
        limits = self.site.limits
        if self.session.maildrop is not None:
            return limits.idle
        return self._began + limits.before_sign_in - asyncio.get_running_loop().time()

    async def _next_reply(self) -> Reply | None:
        waiting = self.session.state is State.AUTHORIZATION
        try:
            limits = self.site.limits
            return await self._answer(await self.read_line(limits.sign_in_line if waiting else limits.line))
        except Refusal as refusal:
            return refusal.reply
        except (EndOfStream, Silent):
            raise
        except Exception as error:
            return reply_to(error)

    async def _answer(self, line: bytes) -> Reply | None:
        word, _, argument = line.partition(b" ")
        word = word.upper()
        first, self._first = self._first, False
        if word in HTTP_VERBS or (first and HEADER_FIELD.match(line)):
            return replies.NOT_POP3
        if len(line) > self.site.limits.line and word != b"AUTH":
            return replies.LINE_TOO_LONG
        try:
            name, text = word.decode("ascii"), argument.decode("utf-8")
        except UnicodeDecodeError:
            return replies.NOT_READABLE
        if not name or b"\0" in line or b"\r" in line:
            return replies.NOT_READABLE
        command = COMMANDS.get(name)
        if command is None:
            return replies.UNKNOWN_COMMAND
        return self._misplaced(command, text) or await command.run(self, text)

    def _misplaced(self, command: Command, argument: str) -> Reply | None:
        """The one check of order and form that is the same for all commands."""
        state = self.session.state
        if state not in command.states:
            return replies.SIGN_IN_FIRST if state is State.AUTHORIZATION else replies.SIGNED_IN_ALREADY
        return replies.SYNTAX if command.alone and argument.strip(" ") else None

    def _counted(self, reply: Reply | None) -> Reply | None:
        """The reply, or the end of our patience with a client that makes only errors."""
        if reply is None or reply.ok or reply.closes:
            return reply
        limits = self.site.limits
        self._errors += 1
        self._unknown += reply.foreign
        most = limits.unknown_before_sign_in if self.session.maildrop is None else limits.unknown_commands
        return replies.TOO_MANY_ERRORS if self._unknown > most or self._errors > limits.errors else reply
