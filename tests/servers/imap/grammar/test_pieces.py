from __future__ import annotations

import pytest

from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.parser import parse
from mailserver.servers.imap.grammar.pieces import (
    Announced,
    Literal,
    announced_literal,
    announces_message,
    tag_of,
)


@pytest.mark.parametrize(
    ("line", "announced"),
    [
        (b"a LOGIN {5}", Announced(5, True, False, 3)),
        (b"a LOGIN {5+}", Announced(5, False, False, 4)),
        (b"a APPEND x ~{310}", Announced(310, True, True, 6)),
        (b"a APPEND x ~{310+}", Announced(310, False, True, 7)),
        (b"{0}", Announced(0, True, False, 3)),
        (b"a LOGIN {99999999999999999999+}", Announced(10**20 - 1, False, False, 23)),
        (b"a LOGIN {999999999999999999999+}", None),
        (b"a LOGIN {5} ", None),
        (b"a LOGIN {5}\n", None),
        (b"a LOGIN {-5}", None),
        (b"a LOGIN {5-}", None),
        (b"a LOGIN {}", None),
        (b"a LOGIN 5}", None),
        (b"", None),
    ],
)
def test_it_sees_a_literal_coming(line, announced):
    assert announced_literal(line) == announced


@pytest.mark.parametrize(
    ("line", "tag"),
    [
        (b"a1 NOOP", "a1"),
        (b"a1", "a1"),
        (b"]^.1 NOOP", "]^.1"),
        (b"a+ NOOP", None),
        (b"* NOOP", None),
        (b"a\x00 NOOP", None),
        (b"a\r NOOP", None),
        (b" NOOP", None),
        (b"", None),
        (b"\xc3\xaa NOOP", None),
        (b"a" * 200 + b" NOOP", "a" * 200),
        (b"a" * 201 + b" NOOP", None),
    ],
)
def test_it_finds_the_tag(line, tag):
    assert tag_of(line) == tag


@pytest.mark.parametrize(
    ("pieces", "message"),
    [
        ([b"a APPEND "], False),
        ([b"a append INBOX "], True),
        ([b"a APPEND INBOX (\\Seen) "], True),
        ([b"a APPEND INBOX UTF8 ("], True),
        ([b"a APPEND ", Literal(b"x"), b" "], True),
        ([b"a APPEND x ", Literal(b"x"), b" "], True),
        ([b"a REPLACE 4 "], False),
        ([b"a REPLACE 4 x "], True),
        ([b"a uid replace 4 "], False),
        ([b"a UID REPLACE 4 x "], True),
        ([b"a LOGIN "], False),
        ([b"a UID FETCH 1 APPEND "], False),
        ([b"APPEND x "], False),
        ([b""], False),
        ([], False),
    ],
)
def test_it_tells_messages_from_names(pieces, message):
    assert announces_message(pieces) is message


@pytest.mark.parametrize(
    ("pieces", "tag"),
    [
        ([], None),
        ([b""], None),
        ([Literal(b"a NOOP")], None),
        ([b"* NOOP"], None),
        ([b"a"], "a"),
        ([b"a "], "a"),
        ([b"a NOOP", b""], "a"),
        ([b"a NOOP", Literal(b"x"), b""], "a"),
        ([b"a SELECT ", Literal(b"x"), Literal(b"y")], "a"),
        ([b"a SELECT ", b"x"], "a"),
    ],
)
def test_it_refuses_pieces_that_are_no_command(pieces, tag):
    with pytest.raises(ParseError) as raised:
        parse(pieces)
    assert raised.value.tag == tag


def test_it_needs_no_line_after_the_last_literal():
    assert parse([b"a SELECT ", Literal(b"x")]) == parse([b"a SELECT x"])
