"""One command from the wire: its lines and literals, within bounds (RFC 9051 §4.3, RFC 7888)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from mailserver.servers.imap.connection import Connection
from mailserver.servers.imap.grammar.pieces import (
    Announced,
    Literal,
    Piece,
    announced_literal,
    announces_message,
    tag_of,
)
from mailserver.servers.imap.messagedata import MessageData
from mailserver.servers.imap.responses import Refusal, bad
from mailserver.servers.lines import EndOfStream, Flooded, LineTooLong

# A literal that is already under way and too large is read to its end and dropped up to here; then the session ends.
DRAINED = 1024 * 1024
_GO_AHEAD = b"+ Go ahead\r\n"


class Ends(Exception):
    """The session cannot go on; the text for BYE."""


class CommandReader:
    """Reads for one session. `signed_in` decides on the bounds. Close what `read` gave when the command is done."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self.signed_in = False
        self.tag: str | None = None
        self._messages: list[MessageData] = []

    async def read(self, first: bytes) -> Sequence[Piece]:
        """The command that begins with a line, CRLF cut off. Raises Refusal, Ends, EndOfStream."""
        self.tag = tag_of(first)
        pieces: list[Piece] = []
        # All messages of a command together may be as large as one, all else behind its first line as literals may.
        line, spent, brought = first, 0, 0
        while (announced := announced_literal(line)) is not None:
            pieces.append(line[: -announced.marker])
            message = self.signed_in and announces_message(pieces)
            room = self._connection.site.size_limit - brought if message else self._most() - spent
            if announced.size > room:
                await self._refuse(announced)
            if message:
                brought += announced.size
                pieces.append(Literal(await self._message(announced, brought), announced.binary))
            else:
                spent += announced.size
                pieces.append(await self._literal(announced))
            line = await self.line()
            spent += len(line)
            if spent > self._most():
                raise Ends("[TOOBIG] This command does not end.")
        pieces.append(line)
        return pieces

    def close(self) -> None:
        """Give up the messages of the command before."""
        while self._messages:
            self._messages.pop().close()

    async def line(self) -> bytes:
        """The next line without its CRLF. Raises Refusal, Ends, EndOfStream."""
        limits = self._connection.site.limits
        limit = limits.line if self.signed_in else limits.early_line
        try:
            async with asyncio.timeout(limits.stalled):
                return (await self._connection.input.line(limit)).rstrip(b"\r\n")
        except TimeoutError:
            raise Ends("You take too long.") from None
        except LineTooLong:
            raise bad("This line is too long.", "TOOBIG") from None
        except Flooded:
            raise Ends("This line does not end.") from None

    def _most(self) -> int:
        limits = self._connection.site.limits
        return limits.literals if self.signed_in else limits.early_literals

    async def _refuse(self, announced: Announced) -> None:
        if announced.synchronising:
            # The client waits for our word and sends nothing now.
            raise Refusal("This is more than is taken here.", "TOOBIG")
        if announced.size > DRAINED or not self.signed_in:
            raise Ends("[TOOBIG] This is far more than is taken here.")
        await self._drain(announced.size)
        raise bad("This is more than is taken here.", "TOOBIG")

    async def _drain(self, size: int) -> None:
        """Read over the literal and the rest of the command."""
        while size:
            size -= len(await self._some(size))
        line = await self.line()
        while (further := announced_literal(line)) is not None:
            if further.synchronising or further.size > DRAINED:
                raise Ends("[TOOBIG] This is far more than is taken here.")
            rest = further.size
            while rest:
                rest -= len(await self._some(rest))
            line = await self.line()

    async def _go_ahead(self, announced: Announced) -> None:
        if announced.synchronising:
            self._connection.say(_GO_AHEAD)
            await self._connection.flush()

    async def _literal(self, announced: Announced) -> Literal:
        await self._go_ahead(announced)
        octets = bytearray()
        while len(octets) < announced.size:
            octets += await self._some(announced.size - len(octets))
        return Literal(bytes(octets), announced.binary)

    async def _message(self, announced: Announced, brought: int) -> MessageData:
        """`brought`: octets of messages in this command, with this one."""
        site, left = self._connection.site, announced.size
        data = MessageData(left, folder=site.folder if brought > site.limits.in_memory else None)
        self._messages.append(data)
        await self._go_ahead(announced)
        while left:
            octets = await self._some(left)
            left -= len(octets)
            data.add(octets)
        return data

    async def _some(self, most: int) -> bytes:
        try:
            async with asyncio.timeout(self._connection.site.limits.stalled):
                return await self._connection.input.some(most)
        except TimeoutError:
            raise EndOfStream from None
