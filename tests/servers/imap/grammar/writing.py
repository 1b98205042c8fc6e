"""Commands as they go over the wire, cut into the pieces that the parser is given."""

from __future__ import annotations

from mailserver.servers.imap.grammar.commands import Command
from mailserver.servers.imap.grammar.parser import parse
from mailserver.servers.imap.grammar.pieces import Literal, Piece, announced_literal


def pieces(written: bytes) -> list[Piece]:
    """Lines and literals in turn. The last line needs no CRLF."""
    found: list[Piece] = []
    while True:
        line, _, rest = written.partition(b"\r\n")
        announced = announced_literal(line)
        if announced is None:
            return [*found, line]
        found += [line[: -announced.marker], Literal(rest[: announced.size], announced.binary)]
        written = rest[announced.size :]


def read(written: bytes, *, utf8: bool = False) -> Command:
    """The command without its tag, which is `a`."""
    line = parse(pieces(b"a " + written), utf8=utf8)
    assert line.tag == "a"
    return line.command
