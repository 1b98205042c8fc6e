"""Whatever the octets: a command or a ParseError, and nothing else."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from mailserver.servers.imap.grammar.commands import Line
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.parser import parse
from mailserver.servers.imap.grammar.pieces import Literal, announced_literal, announces_message, tag_of
from tests.servers.imap.grammar import (
    test_account,
    test_appending,
    test_fetch,
    test_listing,
    test_mailboxes,
    test_messages,
    test_notifying,
    test_search,
)
from tests.servers.imap.grammar.writing import pieces

_TABLES = (
    test_account,
    test_appending,
    test_fetch,
    test_listing,
    test_mailboxes,
    test_messages,
    test_notifying,
    test_search,
)
COMMANDS = [written for table in _TABLES for written, _ in table.GOOD]
TOKENS = [
    *[bytes([octet]) for octet in b' ()[]{}<>"\\*%,:.+-~$&=09aZ\r\n\0\x7f\xc3\xaa\xff'],
    *[b"NIL", b"{1}\r\n", b"~{1+}\r\n", b"{4294967296+}\r\n", b"4294967296", b"9" * 30, b"\\Seen", b"UID", b"RETURN"],
]


@st.composite
def _mangled(draw: st.DrawFn) -> bytes:
    """A good command with pieces taken out and others put in."""
    written = draw(st.sampled_from(COMMANDS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(written)))
        cut = draw(st.integers(0, 3))
        written = written[:at] + draw(st.sampled_from([b"", *TOKENS])) + written[at + cut :]
    return written


def _outcome(given_pieces, utf8):
    try:
        return parse(given_pieces, utf8=utf8)
    except ParseError as error:
        return error


def _parsed(given_pieces, utf8):
    outcome = _outcome(given_pieces, utf8)
    assert isinstance(outcome, Line | ParseError)
    if isinstance(outcome, ParseError):
        assert outcome.status in {"BAD", "NO"}
        assert outcome.text.isascii()
        assert outcome.text.isprintable()


@given(_mangled(), st.booleans())
def test_it_only_ever_refuses_mangled_commands(written, utf8):
    _parsed(pieces(b"a " + written), utf8)


@given(st.lists(st.sampled_from(TOKENS) | st.sampled_from(COMMANDS), max_size=12), st.booleans())
def test_it_only_ever_refuses_tokens_in_any_order(tokens, utf8):
    _parsed(pieces(b"a " + b" ".join(tokens)), utf8)
    _parsed(pieces(b"".join(tokens)), utf8)


@given(st.lists(st.binary(max_size=40) | st.builds(Literal, st.binary(max_size=9), st.booleans()), max_size=6))
@example([b"a LIST ", Literal(b"\xff"), b" ", Literal(b"")])
def test_it_only_ever_refuses_octets(given_pieces):
    _parsed(given_pieces, False)
    announces_message(given_pieces)
    for piece in given_pieces:
        if isinstance(piece, bytes):
            announced_literal(piece)
            tag_of(piece)
