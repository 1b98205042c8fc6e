"""The scripts prove nothing if their patterns match too much."""

from __future__ import annotations

import pytest

from tests.conformance.imaptest_match import Bound, expected, match, status_values, values

KNOWN = {"uid": b"7", "1": b"1", "mailbox": b"Box"}


def found(pattern: bytes, response: bytes) -> Bound | None:
    told = status_values(response)
    return match(expected(b"* " + pattern).pattern, told or values(response), KNOWN, prefix=told is not None)


@pytest.mark.parametrize(
    ("pattern", "response"),
    [
        (b"1 fetch (uid $uid flags (\\seen))", b"1 FETCH (FLAGS (\\Recent \\Seen) MODSEQ (9) UID 7)"),
        (b"1 fetch (body[1] {3}\r\nabc)", b'1 FETCH (BODY[1] "abc")'),
        (b'1 fetch (body[header.fields (from)] "x")', b"1 FETCH (BODY[HEADER.FIELDS (FROM)] {1}\r\nx)"),
        (b"$1 expunge", b"1 EXPUNGE"),
        (b"list () $ ${mailbox}2", b'LIST (\\HasChildren) "/" Box2'),
        (b"list ($!unordered $!ban=\\x \\y) $ a", b"LIST (\\z \\Y) NIL a"),
        (b"ok [read-write]", b"OK [READ-WRITE] A (text"),
        (b"1 fetch (envelope (a (b)))", b"1 FETCH (ENVELOPE (a (b)))"),
        (b"1 fetch (flags ($$word))", b"1 FETCH (FLAGS ($Word))"),
    ],
)
def test_it_matches(pattern, response):
    assert found(pattern, response) is not None


@pytest.mark.parametrize(
    ("pattern", "response"),
    [
        (b"1 fetch (flags (\\seen))", b"1 FETCH (FLAGS (\\Seen \\Draft))"),
        (b"1 fetch (flags (\\seen))", b"1 FETCH (FLAGS ())"),
        (b"1 fetch (uid $uid)", b"1 FETCH (UID 8)"),
        (b"1 fetch (uid 7)", b"1 FETCH (FLAGS () MODSEQ 7)"),
        (b"1 fetch (body[1] {3}\r\nabc)", b'1 FETCH (BODY[1] "aBc")'),
        (b"1 fetch (envelope (a b))", b"1 FETCH (ENVELOPE (b a))"),
        (b"1 fetch (envelope (a))", b"1 FETCH (ENVELOPE (a b))"),
        (b"$2 expunge", b"2 EXPUNGE"),
        (b"list ($!unordered $!ban=\\x \\y) $ a", b"LIST (\\x \\y) NIL a"),
        (b"list ($!unordered $!noextra \\y) $ a", b"LIST (\\x \\y) NIL a"),
        (b"list () $ $mailbox", b'LIST () "/" box'),
        (b"ok [read-write]", b"OK [READ-ONLY] Done"),
        (b"ok [read-write]", b"NO [READ-WRITE] Done"),
        (b"1 exists", b"1 EXISTS now"),
        (b"1 fetch (body nil)", b'1 FETCH (BODY "NIL")'),
    ],
)
def test_it_does_not_match(pattern, response):
    assert found(pattern, response) is None


def test_variables_take_what_came():
    known = found(b"ok [copyuid $validity 3 $there]", b"OK [COPYUID 17 3 5:6] Moved")
    assert known is not None
    assert (known["validity"], known["there"], known["uid"]) == (b"17", b"5:6", b"7")
