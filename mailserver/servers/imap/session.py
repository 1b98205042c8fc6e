"""The conversation with one IMAP client: states, commands one after the other, and who hears of what others do."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Sequence

from mailserver.mail.numbersets import Runs
from mailserver.servers import bridge
from mailserver.servers.imap import capabilities
from mailserver.servers.imap.connection import Connection, Site
from mailserver.servers.imap.errors import answer_to
from mailserver.servers.imap.grammar import parser
from mailserver.servers.imap.grammar.commands import Line
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.events import EventGroup
from mailserver.servers.imap.grammar.pieces import Piece
from mailserver.servers.imap.reader import CommandReader, Ends
from mailserver.servers.imap.responses import Done, Refusal, bad
from mailserver.servers.imap.state import State
from mailserver.servers.imap.table import COMMANDS, Command
from mailserver.servers.imap.updates import Updates
from mailserver.servers.imap.view import View
from mailserver.servers.lines import EndOfStream
from mailserver.servers.strangers import TLS_HELLO
from mailserver.services import places
from mailserver.services.login import Login

logger = logging.getLogger(__name__)


class Session:
    """`enabled` are the extensions of ENABLE, in upper case; `saved` the UIDs of the last SEARCH with SAVE."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.site: Site = connection.site
        self.reader = CommandReader(connection)
        self.updates = Updates(self)
        self.login: Login | None = None
        self.view: View | None = None
        self.enabled: set[str] = set()
        self.saved: list[int] = []
        self.notify: tuple[EventGroup, ...] | None = None
        self.failed_sign_ins = 0
        self.tag = "*"
        # What it is called among all sessions of the account.
        self.place = secrets.token_hex(8)
        self._commands = self._errors = 0
        self._stopping = self._over = False
        self._bye = "Until next time."
        # What is done behind the tagged response.
        self.after_answer: Callable[[], None] | None = None

    # What commands ask

    @property
    def state(self) -> State:
        if self.login is None:
            return State.STRANGER
        return State.SIGNED_IN if self.view is None else State.SELECTED

    @property
    def account_id(self) -> int:
        """Only for commands of those who signed in."""
        if self.login is None:
            raise bad("Sign in first.")
        return self.login.account_id

    @property
    def selected(self) -> View:
        """Only for commands of the selected state."""
        if self.view is None:
            raise bad("No mailbox is selected.")
        return self.view

    @property
    def recents(self) -> Runs:
        """The UIDs that are \\Recent here."""
        return () if self.rev2 else self.selected.recents

    @property
    def utf8(self) -> bool:
        """Whether strings may hold UTF-8 (RFC 6855; RFC 9051 §5.1)."""
        return bool(self.enabled & {"UTF8=ACCEPT", "IMAP4REV2"})

    @property
    def rev2(self) -> bool:
        """Whether the client has left IMAP4rev1, and with it \\Recent (RFC 9051 appendix E)."""
        return "IMAP4REV2" in self.enabled

    @property
    def condstore(self) -> bool:
        return bool(self.enabled & {"CONDSTORE", "QRESYNC"})

    @property
    def qresync(self) -> bool:
        return "QRESYNC" in self.enabled

    def leave(self) -> None:
        """No mailbox is selected any more."""
        self.view, self.saved = None, []
        self.updates.forget()

    def untagged(self, *pieces: bytes) -> None:
        self.connection.say(b"* ", *pieces, b"\r\n")

    def say(self, text: str) -> None:
        self.untagged(text.encode("ascii", "replace"))

    async def flush(self) -> None:
        await self.connection.flush()

    def end(self) -> None:
        """No command follows this one."""
        self._over = True

    def restart(self) -> None:
        """After STARTTLS: nothing that was said in clear counts."""
        self.enabled.clear()
        self._commands = self._errors = self.failed_sign_ins = 0

    def stop(self) -> None:
        """The server ends, or the account's password changed: say so and go, after the command under way."""
        self.dismiss("This server ends for the moment.")

    def dismiss(self, text: str) -> None:
        self._stopping, self._bye = True, text
        self.connection.input.nudge()

    def go_on(self) -> None:
        """Raises Ends when the session is to end."""
        if self._stopping:
            raise Ends(self._bye)

    # The conversation

    async def converse(self) -> None:
        if not self.connection.admitted:
            await self._say_bye("Too many connections from your address.")
            return
        self.say(f"OK [CAPABILITY {capabilities.words(self)}] {self.site.hostname} Correio IMAP ready")
        await self.flush()
        began = asyncio.get_running_loop().time()
        try:
            await self._wait_for_command(began)
            if not self.connection.tls and await self.connection.input.starts_with(TLS_HELLO):
                raise Ends("This port begins in clear.")
            while not self._over:
                await self._next(began)
        except Ends as end:
            await self._say_bye(str(end))
        finally:
            self.reader.close()
            if self.login is not None:
                await bridge.run(places.leave, account_id=self.login.account_id, place=self.place)
            await self.updates.close()

    async def _say_bye(self, text: str) -> None:
        self.say(f"BYE {text}")
        await self.flush()

    async def _next(self, began: float) -> None:
        await self._wait_for_command(began)
        self.tag, self.reader.tag = "*", None
        done: Done
        try:
            pieces = await self._read(began)
            line = parser.parse(pieces, utf8=self.utf8)
            self.tag = line.tag
            done = await self._execute(line)
        except ParseError as error:
            self.tag = error.tag or self.reader.tag or "*"
            done = Done(error.text, error.code or "", error.status)
        except Refusal as refusal:
            self.tag = self.tag if self.tag != "*" else self.reader.tag or "*"
            done = refusal.done
        finally:
            self.reader.close()
        self._count(done)
        if done.text:
            self.connection.say(f"{self.tag} {done}\r\n".encode("ascii", "replace"))
        await self.flush()
        if self.after_answer is not None:
            after, self.after_answer = self.after_answer, None
            after()

    async def _read(self, began: float) -> Sequence[Piece]:
        """The next command. Who has not signed in has no more time for it than for everything. Raises Ends, Refusal."""
        if self.login:
            return await self.reader.read(await self.reader.line())
        try:
            async with asyncio.timeout_at(began + self.site.limits.early):
                return await self.reader.read(await self.reader.line())
        except TimeoutError:
            raise Ends(_TOO_LATE) from None

    async def _wait_for_command(self, began: float) -> None:
        """Until something comes. Meanwhile a client that asked for it is told of changes. Raises Ends."""
        limits, loop = self.site.limits, asyncio.get_running_loop()
        until = loop.time() + limits.idle if self.login else began + limits.early
        try:
            async with asyncio.timeout_at(until):
                while not self.connection.input and not self.connection.input.ended:
                    await self.updates.push()
                    self.go_on()
                    await self.connection.input.stir()
        except TimeoutError:
            raise Ends(_TOO_LATE) from None
        self.go_on()

    async def _execute(self, line: Line) -> Done:
        command = COMMANDS[type(line.command)]
        self._check(command)
        try:
            done = await command.run(self, line.command)
        except (Refusal, ParseError, Ends, EndOfStream):
            raise
        except Exception as error:
            raise answer_to(error) from error
        if self.view is not None and command.syncs:
            await self.updates.sync_after(expunges=command.may_expunge(line.command), lazy=command.lazy)
        return done

    def _check(self, command: Command) -> None:
        self._commands += 1
        if self.login is None and self._commands > self.site.limits.early_commands:
            raise Ends("Sign in, or go.")
        if self.state not in command.states:
            raise bad(_MISPLACED[self.state])

    def _count(self, done: Done) -> None:
        """Patience with a client that makes only errors."""
        if done.status != "BAD":
            self._errors = 0
            return
        self._errors += 1
        most = self.site.limits.errors if self.login else 3
        if self._errors >= most:
            self.connection.say(f"{self.tag} {done}\r\n".encode("ascii", "replace"))
            raise Ends("Too many errors.")


_TOO_LATE = "You were silent for too long."
_MISPLACED = {
    State.STRANGER: "Sign in first.",
    State.SIGNED_IN: "Select a mailbox first.",
    State.SELECTED: "This is over once you have signed in.",
}
