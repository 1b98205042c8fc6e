"""The same commands read by imap-codec, which others wrote, and by us."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import mutf7
from mailserver.servers.imap.grammar.attributes import Attribute, Preview
from mailserver.servers.imap.grammar.messagecommands import Fetch
from tests.servers.imap.grammar import writing

pytest.importorskip("imap_codec", reason="imap-codec has wheels for Linux and Python up to 3.12 only")

from tests.servers.imap.grammar import codec

ATOM = st.text("aBc09.-$/", min_size=1, max_size=6).map(str.encode)
TEXT = st.text(st.characters(min_codepoint=1, max_codepoint=126), max_size=6).map(str.encode)


def quoted(text: bytes) -> bytes:
    return b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def literal(text: bytes) -> bytes:
    return b"{%d+}\r\n%s" % (len(text), text)


def joined(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    return st.tuples(*parts).map(b" ".join)


def some(one: st.SearchStrategy[bytes], separator: bytes = b" ", least: int = 1) -> st.SearchStrategy[bytes]:
    return st.lists(one, min_size=least, max_size=4).map(separator.join)


def listed(one: st.SearchStrategy[bytes], least: int = 1) -> st.SearchStrategy[bytes]:
    return some(one, least=least).map(lambda inner: b"(" + inner + b")")


def word(*words: str) -> st.SearchStrategy[bytes]:
    return st.sampled_from([form.encode() for word in words for form in (word, word.lower())])


ASTRING = ATOM | TEXT.filter(lambda text: not {13, 10} & {*text}).map(quoted) | TEXT.map(literal)
MAILBOX = (
    ATOM
    | st.just(b"inbox")
    | st.text(max_size=4).map(mutf7.encode).flatmap(lambda name: st.sampled_from([quoted(name), literal(name)]))
)
NUMBER = st.integers(1, 2**32 - 1).map(b"%d".__mod__) | st.integers(1, 20).map(b"%d".__mod__)
END = NUMBER | st.just(b"*")
SET = some(END | st.tuples(END, END).map(b":".join), b",")
PART = some(st.integers(1, 99).map(b"%d".__mod__), b".")
FIELDS = joined(word("HEADER.FIELDS", "HEADER.FIELDS.NOT"), listed(ATOM | ATOM.map(quoted)))
TEXTS = word("HEADER", "TEXT") | FIELDS
SECTION = st.just(b"") | PART | TEXTS | st.tuples(PART, TEXTS | word("MIME")).map(b".".join)
PARTIAL = st.just(b"") | st.tuples(st.integers(0, 9), st.integers(1, 2**32 - 1)).map(lambda ends: b"<%d.%d>" % ends)
ITEM = (
    word("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "ENVELOPE", "BODY", "BODYSTRUCTURE")
    | st.tuples(word("BODY", "BODY.PEEK"), SECTION, PARTIAL).map(lambda item: item[0] + b"[" + item[1] + b"]" + item[2])
    | st.tuples(word("BINARY", "BINARY.PEEK"), PART, PARTIAL).map(
        lambda item: item[0] + b"[" + item[1] + b"]" + item[2]
    )
    | PART.map(lambda part: b"BINARY.SIZE[" + part + b"]")
)
DATE = st.dates().map(lambda day: f"{day.day}-{day:%b}-{day.year:04}".encode())
SYSTEM = ("Answered", "Deleted", "Draft", "Flagged", "Seen")
FLAG = ATOM | word(*[f"\\{flag}" for flag in SYSTEM])
FLAGS = listed(FLAG, least=0)
KEY = st.recursive(
    word("ALL", "RECENT", "OLD", "NEW", *[flag.upper() for flag in SYSTEM], *[f"UN{flag.upper()}" for flag in SYSTEM])
    | SET
    | joined(st.just(b"UID"), SET)
    | joined(word("KEYWORD", "UNKEYWORD"), ATOM)
    | joined(word("FROM", "SUBJECT", "BODY", "TEXT"), ASTRING)
    | joined(st.just(b"HEADER"), ASTRING, ASTRING)
    | joined(word("LARGER", "SMALLER"), NUMBER)
    | joined(word("BEFORE", "SENTSINCE"), DATE | DATE.map(quoted)),
    lambda key: joined(word("OR"), key, key) | joined(word("NOT"), key) | listed(key),
    max_leaves=8,
)
MOMENT = st.builds(datetime.combine, st.dates(date(1900, 1, 1)), st.times()).map(
    lambda at: b'"%2d-%s +0130"' % (at.day, f"{at:%b}-{at.year:04} {at:%H:%M:%S}".encode())
)
BY_UID = st.sampled_from([b"", b"UID "])
COMMAND = (
    joined(word("LOGIN"), ASTRING, ASTRING)
    | joined(word("SELECT"), MAILBOX)
    | joined(word("RENAME"), MAILBOX, MAILBOX)
    | joined(word("STATUS"), MAILBOX, listed(word("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")))
    | joined(word("APPEND"), MAILBOX, FLAGS, TEXT.map(literal))
    | joined(word("APPEND"), MAILBOX, MOMENT, TEXT.map(literal))
    | st.tuples(
        BY_UID,
        joined(word("COPY", "MOVE"), SET, MAILBOX)
        | joined(word("FETCH"), SET, word("ALL", "FAST", "FULL") | ITEM | listed(ITEM))
        | joined(word("STORE"), SET, word("FLAGS", "+FLAGS", "-FLAGS.SILENT"), FLAGS | some(FLAG))
        | joined(word("SEARCH"), some(KEY)),
    ).map(b"".join)
)


def without_labels(command):
    if not isinstance(command, Fetch):
        return command
    items = [item if isinstance(item, Attribute | Preview) else replace(item, label="") for item in command.items]
    return replace(command, items=tuple(dict.fromkeys(items)))


@given(COMMAND)
def test_it_reads_commands_as_others_do(written):
    theirs = codec.read(written)
    assert theirs is not None
    assert without_labels(writing.read(written)) == theirs
