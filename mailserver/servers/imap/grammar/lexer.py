"""A cursor over one command: the tokens of RFC 9051 §9, read one after the other.

Where the RFC has one space, more are taken, as before `)` and at the end of the command.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.pieces import Literal, Piece

T = TypeVar("T")
W = TypeVar("W", bound=str)

MAX_NUMBER = 0xFFFFFFFF
MAX_NUMBER64 = 2**63 - 1

_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_ASTRING = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
_PATTERN = re.compile(rb"[!#$%&'*+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+")
_QUOTED = re.compile(rb'"([^"\\\x00\r\n]*(?:\\["\\][^"\\\x00\r\n]*)*)"')
_ESCAPED = re.compile(rb'\\(["\\])')
_DIGITS = re.compile(rb"[0-9]+")
_WORD = re.compile(rb"[A-Za-z0-9.\-]+")
_SPACES = re.compile(rb" +")


class Lexer:
    """`utf8`: the client has asked for UTF-8 (RFC 6855, RFC 9051), so mailbox names are not in modified UTF-7."""

    __slots__ = ("_at", "_line", "_next", "_pieces", "utf8")

    def __init__(self, pieces: Sequence[Piece], *, utf8: bool = False) -> None:
        self.utf8 = utf8
        self._pieces = pieces
        self._next = 0
        self._line = b""
        self._at = 0
        self._next_line()

    def accept(self, token: bytes) -> bool:
        """Go past these octets if they come next."""
        if not self._line.startswith(token, self._at):
            return False
        self._at += len(token)
        return True

    def expect(self, token: bytes) -> None:
        if not self.accept(token):
            raise self.wrong(f"{token.decode('ascii')} expected")

    def comes(self, token: bytes) -> bool:
        return self._line.startswith(token, self._at)

    def match(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """Go past what the pattern finds here."""
        found = pattern.match(self._line, self._at)
        if found:
            self._at = found.end()
        return found

    def spaces(self) -> bool:
        """Go past spaces; whether there were any."""
        return self.match(_SPACES) is not None

    def space(self) -> None:
        if not self.spaces():
            raise self.wrong("space expected")

    def more(self) -> bool:
        """Whether another argument follows, after its space."""
        return self.spaces() and not self.at_end()

    def at_end(self) -> bool:
        return self._at == len(self._line) and self._next >= len(self._pieces)

    def end(self) -> None:
        self.spaces()
        if not self.at_end():
            raise self.wrong("end of the command expected")

    def word(self, what: str) -> str:
        """A word of the protocol in upper case."""
        found = self.match(_WORD)
        if found is None:
            raise self.wrong(f"{what} expected")
        return found[0].decode("ascii").upper()

    def accept_word(self, word: str) -> bool:
        """Go past this word in any case."""
        found = _WORD.match(self._line, self._at)
        if found is None or found[0].upper() != word.encode("ascii"):
            return False
        self._at = found.end()
        return True

    def one_of(self, known: Sequence[W], what: str) -> W:
        """One of these words."""
        found = self.word(what)
        for word in known:
            if word == found:
                return word
        raise self.wrong(f"{what} unknown")

    def atom(self, what: str) -> str:
        found = self.match(_ATOM)
        if found is None:
            raise self.wrong(f"{what} expected")
        return found[0].decode("ascii")

    def astring(self, what: str) -> bytes:
        found = self.match(_ASTRING)
        return found[0] if found else self.string(what)

    def pattern(self, what: str) -> bytes:
        """RFC 9051 §9, `list-mailbox`: an astring that may hold `%` and `*`."""
        found = self.match(_PATTERN)
        return found[0] if found else self.string(what)

    def string(self, what: str) -> bytes:
        """A quoted string or a literal."""
        if found := self.match(_QUOTED):
            return _ESCAPED.sub(rb"\1", found[1]) if b"\\" in found[1] else found[1]
        if not self.literal_comes():
            raise self.wrong(f"{what} expected")
        literal = self.literal()
        if literal.binary or not isinstance(literal.data, bytes | bytearray) or b"\0" in literal.data:
            raise self.wrong(f"{what} may not be binary")
        return bytes(literal.data)

    def literal_comes(self) -> bool:
        return self._at == len(self._line) and self._next < len(self._pieces)

    def literal(self) -> Literal:
        """A literal with its data untouched."""
        if not self.literal_comes():
            raise self.wrong("literal expected")
        literal = self._pieces[self._next]
        if not isinstance(literal, Literal):
            raise self.wrong("literal expected")
        self._next += 1
        self._next_line()
        return literal

    def number(self, what: str, *, least: int = 0, most: int = MAX_NUMBER) -> int:
        found = self.match(_DIGITS)
        # int() refuses thousands of digits; 20 are more than any number of the protocol has.
        if found is None or len(found[0]) > 20 or not least <= int(found[0]) <= most:
            raise self.wrong(f"{what} must be a number from {least} to {most}")
        return int(found[0])

    def listed(self, read: Callable[[], T], *, empty: bool = False) -> tuple[T, ...]:
        """`(item item …)`; `empty`: without any item, too."""
        self.expect(b"(")
        self.spaces()
        found: list[T] = []
        if empty and self.accept(b")"):
            return ()
        found.append(read())
        while self.spaces() and not self.comes(b")"):
            found.append(read())
        self.expect(b")")
        return tuple(found)

    def wrong(self, text: str) -> ParseError:
        """What the client is told; octets of the command itself are never repeated."""
        return ParseError(f"{text} at octet {self._at + 1}" if self._next < 2 else text)

    def _next_line(self) -> None:
        """The line that follows a literal, an empty one at the end."""
        self._line, self._at = b"", 0
        if self._next < len(self._pieces):
            line = self._pieces[self._next]
            if not isinstance(line, bytes):
                raise ParseError("line expected")
            self._line = line
            self._next += 1
