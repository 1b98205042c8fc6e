"""Runs a script of ImapTest against an IMAP server: ours, or another to see whether the runner is right."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field

from tests.conformance.imaptest_match import Bound, Response, Values, expand, match, status_values, values
from tests.conformance.imaptest_script import Command, Group, Script
from tests.support.imap_server import Client

MAILBOX = "imaptest"
_LITERAL = re.compile(rb"~?\{(\d+)\}\r\n")
_APPEND = re.compile(rb"append( .*)?", re.IGNORECASE | re.DOTALL)


@dataclass
class Seat:
    """One connection. `exists`: what its client believes; `numbers`: what became of the numbers before a command."""

    client: Client
    exists: int = 0
    numbers: list[int | None] = field(default_factory=list)

    def begin(self) -> None:
        self.numbers = list(range(1, self.exists + 1))

    def note(self, response: Values) -> None:
        if len(response) < 2 or not isinstance(response[1], bytes):
            return
        match response[1].upper():
            case b"EXISTS":
                self.exists = int(response[0])
            case b"EXPUNGE":
                self._expunged(int(response[0]))

    def _expunged(self, number: int) -> None:
        self.exists -= 1
        self.numbers = [None if one is None or one == number else one - (one > number) for one in self.numbers]

    def bound(self) -> Bound:
        """`$3`: the message that was number 3, wherever it is now."""
        return {str(at): str(one).encode() for at, one in enumerate(self.numbers, 1) if one is not None}


class Run:
    """`connect` gives a client that has heard the greeting; user and password are of an account without any mail."""

    def __init__(self, script: Script, connect: Callable[[], Client], user: str, password: str) -> None:
        self.script = script
        self._connect = connect
        self._user, self._password = user, password
        name, _, domain = user.partition("@")
        told = {"mailbox": MAILBOX, "user": user, "username": name, "domain": domain, "password": password}
        self._known: Bound = {key: value.encode() for key, value in told.items()}
        self._letters = itertools.cycle(script.letters)
        self._seats: list[Seat] = []

    def run(self) -> None:
        with ExitStack() as stack:
            for _ in range(self.script.connections):
                self._seats.append(Seat(stack.enter_context(self._connect())))
            self._prepare()
            for group in self.script.groups:
                self._play(group)

    # Before the script

    def _prepare(self) -> None:
        first = self._seats[0].client
        if self.script.reaches("auth"):
            for seat in self._seats:
                seat.client.log_in(self._user, self._password)
        words = b" ".join(first.ok("CAPABILITY")).decode().upper().split()
        missing = set(self.script.capabilities) - set(words)
        assert not missing, f"{self.script.name} needs {sorted(missing)}"
        if self.script.reaches("created"):
            first.ok(f"CREATE {MAILBOX}")
        if self.script.reaches("appended"):
            wanted = self.script.messages
            for _ in range(len(self.script.letters) if wanted is None else wanted):
                first.append(MAILBOX, next(self._letters))
        if self.script.reaches("selected"):
            for seat in self._seats:
                for response in seat.client.ok(f"SELECT {MAILBOX}"):
                    seat.note(_parsed(response))

    # The script

    def _play(self, group: Group) -> None:
        seat = self._seats[group.connection]
        seat.begin()
        left = list(group.responses)
        heard: list[bytes] = []
        waiting: dict[bytes, Command] = {}
        for command in group.commands:
            tag, early = self._send(seat, command)
            waiting[tag] = command
            heard += early
        while waiting:
            response = heard.pop(0) if heard else seat.client.response()
            tag, _, text = response.partition(b" ")
            if tag == b"*":
                left = self._hear(seat, group, left, text)
            else:
                self._check_status(waiting.pop(tag), text)
        missing = [one.text for one in left if one.mark == "*"]
        assert not missing, f"{self._place(group.commands[-1])}: never came: {missing}"

    def _send(self, seat: Seat, command: Command) -> tuple[bytes, list[bytes]]:
        """The tag, and what the server said before it wanted all literals."""
        lines = list(_lines(self._with_message(command.text), {**self._known, **seat.bound()}))
        tag = seat.client.send_command(lines[0])
        heard: list[bytes] = []
        for line in lines[1:]:
            while not (heard and heard[-1].startswith((b"+", tag + b" "))):
                heard.append(seat.client.response())
            if not heard[-1].startswith(b"+"):
                break
            heard.pop()
            seat.client.push(line + b"\r\n")
        return tag, heard

    def _with_message(self, text: bytes) -> bytes:
        """`append` without a literal takes the next message of the script's mbox, into its mailbox unless named."""
        found = _APPEND.fullmatch(text)
        if not found or _LITERAL.search(text):
            return text
        letter = next(self._letters)
        return b"append%s {%d}\r\n%s" % (found[1] or b" $mailbox", len(letter), letter)

    def _hear(self, seat: Seat, group: Group, left: list[Response], octets: bytes) -> list[Response]:
        """An untagged response, which may be several of those that the script describes; the others are left."""
        response = _parsed(octets)
        found: list[Response] = []
        for one in left:
            known = match(one.pattern, response, {**self._known, **seat.bound()}, prefix=_is_status(octets))
            if known is not None:
                where = self._place(group.commands[0])
                assert one.mark != "!", f"{where}: {octets!r} came and is {one.text!r}"
                self._learn(known)
                found.append(one)
        seat.note(response)
        return [one for one in left if one not in found]

    def _check_status(self, command: Command, octets: bytes) -> None:
        assert command.status is not None
        known = match(command.status, _parsed(octets), self._known, prefix=True)
        assert known is not None, f"{self._place(command)}: answered {octets!r}, expected {command.status}"
        self._learn(known)

    def _learn(self, known: Bound) -> None:
        """What a number has become is known anew for each response."""
        self._known = {name: value for name, value in known.items() if not name.isdigit()}

    def _place(self, command: Command) -> str:
        return f"{self.script.name}:{command.line} {command.text[:100]!r}"


def _lines(text: bytes, known: Bound) -> Iterator[bytes]:
    """A command as it is sent: each line up to a literal waits for the server's word. Variables are not in literals."""
    before = b""
    while found := _LITERAL.search(text):
        yield before + expand(text[: found.start()], known) + found[0].removesuffix(b"\r\n")
        end = found.end() + int(found[1])
        before, text = text[found.end() : end], text[end:]
    yield before + expand(text, known)


def _parsed(octets: bytes) -> Values:
    told = status_values(octets)
    return values(octets) if told is None else told


def _is_status(octets: bytes) -> bool:
    return status_values(octets) is not None
