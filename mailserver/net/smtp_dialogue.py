"""Commands and their answers, in step, each under its timeout and each in the transcript."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mailserver.net.smtp_results import ConnectionBroken
from mailserver.net.smtp_wire import Answer, Wire, read_reply, short_reply
from mailserver.net.transcript import Transcript

# "Service closing": after it the server says nothing more (RFC 5321 §3.8).
CLOSING = 421

END_OF_MESSAGE = "."


class Dialogue:
    """One conversation. `deadline` is in the event loop's time; no stage waits beyond it."""

    def __init__(self, wire: Wire, transcript: Transcript, deadline: float) -> None:
        self.wire = wire
        self.transcript = transcript
        self.deadline = deadline
        self.farewell: Answer | None = None
        self._outbox: list[str] = []
        self._unanswered: deque[tuple[float, str]] = deque()

    def send(self, *commands: str) -> None:
        """Takes the commands; they go out in one write as soon as an answer is asked for (RFC 2920 §3.1)."""
        self._outbox += commands

    async def answer(self, seconds: float) -> Answer:
        """The reply to the oldest unanswered command (or the greeting). Raises ConnectionBroken."""
        self._flush()
        command = ""
        if self._unanswered:
            sent, command = self._unanswered.popleft()
            self.transcript.client(command, sent)
        if reply := short_reply(self.wire, self.transcript.server):
            return self._heard(reply)  # answers to one group come together
        loop = asyncio.get_running_loop()
        allowed = min(seconds, max(0.0, self.deadline - loop.time()))
        # Two replies for each message are waited for, and asyncio.timeout costs ten times as much as this.
        clock = loop.call_later(allowed, self._too_late, command, allowed)
        try:
            return await self._reply()
        finally:
            clock.cancel()

    def expect(self, command: str) -> None:
        """Notes a command whose octets go out by another way, so that the next answer is joined to it."""
        self._unanswered.append((self.transcript.now(), command))

    async def command(self, text: str, seconds: float) -> Answer:
        """Sends one command and waits for its answer. Raises ConnectionBroken."""
        self.send(text)
        return await self.answer(seconds)

    async def whisper(self, secret: str, shown: str, seconds: float) -> Answer:
        """Sends a line that stands in the transcript as `shown`. Raises ConnectionBroken."""
        self.expect(shown)
        self.wire.write(f"{secret}\r\n".encode())
        return await self.answer(seconds)

    async def write_block(self, block: memoryview, seconds: float) -> None:
        """Writes a piece of a message and waits until there is room for the next. Raises ConnectionBroken."""
        self.wire.write(block)
        if self.wire.flows:
            return  # as nearly always, and a clock would cost more than all else here
        async with self.patience(seconds, "the server did not take the message"):
            await self.wire.drained()

    async def early_answer(self) -> Answer | None:
        """The reply that arrived unasked, if a whole one did: some servers refuse a message half-way and hang up."""
        try:
            async with self.patience(0, "nothing had arrived"):
                return await self._reply()
        except ConnectionBroken:
            return None

    @asynccontextmanager
    async def patience(self, seconds: float, complaint: str) -> AsyncIterator[None]:
        """Turns a wait of more than `seconds` into ConnectionBroken with the complaint."""
        left = max(0.0, self.deadline - asyncio.get_running_loop().time())
        allowed = min(seconds, left)
        try:
            async with asyncio.timeout(allowed):
                yield
        except TimeoutError as late:
            raise ConnectionBroken(f"{complaint} within {allowed:.3g} seconds") from late

    def confess(self, broken: ConnectionBroken) -> None:
        """Writes down how it ended, with what had been sent and what had arrived in part."""
        for sent, command in self._unanswered:
            self.transcript.client(command, sent)
        self._unanswered.clear()
        if unread := self.wire.unread:
            self.transcript.server(unread[:200].decode("utf-8", "backslashreplace"))
        self.transcript.note(broken.text)

    async def _reply(self) -> Answer:
        return self._heard(await read_reply(self.wire, self.transcript.server))

    def _heard(self, reply: Answer) -> Answer:
        if reply.code == CLOSING:
            self.farewell = reply
        return reply

    def _too_late(self, command: str, allowed: float) -> None:
        self.wire.give_up(ConnectionBroken(f"no answer to {_spoken(command)} within {allowed:.3g} seconds"))

    def _flush(self) -> None:
        if not self._outbox:
            return
        now = self.transcript.now()
        if len(self._outbox) > 1:
            self.transcript.note(f"{len(self._outbox)} commands sent in one go (PIPELINING)")
        self._unanswered += [(now, command) for command in self._outbox]
        self.wire.write("".join(f"{command}\r\n" for command in self._outbox).encode())
        self._outbox.clear()


def _spoken(command: str) -> str:
    """A command in a sentence: `MAIL FROM`, `the end of the message`, or the call itself before the greeting."""
    if command == END_OF_MESSAGE:
        return "the end of the message"
    return command.partition(":")[0] or "our call"
