from __future__ import annotations

from datetime import date

import pytest

from mailserver.mail import searchkeys as keys
from mailserver.mail.numbersets import STAR
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.messagecommands import Search
from tests.servers.imap.grammar.writing import read

ALL = keys.All()
SEEN, UNSEEN = keys.HasFlag("\\Seen"), keys.HasFlag("\\Seen", on=False)
DAY = date(2026, 5, 12)

KEYS = [
    (b"ALL", ALL),
    (b"seen", SEEN),
    (b"UNSEEN", UNSEEN),
    (b"ANSWERED", keys.HasFlag("\\Answered")),
    (b"UNANSWERED", keys.HasFlag("\\Answered", on=False)),
    (b"DELETED", keys.HasFlag("\\Deleted")),
    (b"UNDELETED", keys.HasFlag("\\Deleted", on=False)),
    (b"DRAFT", keys.HasFlag("\\Draft")),
    (b"UNDRAFT", keys.HasFlag("\\Draft", on=False)),
    (b"FLAGGED", keys.HasFlag("\\Flagged")),
    (b"UNFLAGGED", keys.HasFlag("\\Flagged", on=False)),
    (b"KEYWORD $Forwarded", keys.HasFlag("$Forwarded")),
    (b"UNKEYWORD Work", keys.HasFlag("Work", on=False)),
    (b"RECENT", keys.Recent()),
    (b"OLD", keys.Recent(on=False)),
    (b"NEW", keys.And((keys.Recent(), UNSEEN))),
    (b"1:3,7:*", keys.Numbers(((1, 3), (7, STAR)))),
    (b"*", keys.Numbers(((STAR, STAR),))),
    (b"$", keys.Uids((), saved=True)),
    (b"UID 5,1", keys.Uids(((1, 1), (5, 5)))),
    (b"UID $", keys.Uids((), saved=True)),
    (b"FROM alice", keys.HeaderHas("from", "alice")),
    (b'TO "the cook"', keys.HeaderHas("to", "the cook")),
    (b"CC {3}\r\nbob", keys.HeaderHas("cc", "bob")),
    (b"BCC NIL", keys.HeaderHas("bcc", "NIL")),
    (b'SUBJECT ""', keys.HeaderHas("subject", "")),
    (b'HEADER X-Mailer ""', keys.HeaderHas("x-mailer", "")),
    (b"HEADER {7}\r\nList-Id cooks", keys.HeaderHas("list-id", "cooks")),
    (b"BODY butter", keys.BodyHas("butter")),
    (b"TEXT {8+}\r\ncr\xc3\xaapes!", keys.TextHas("crêpes!")),
    (b"LARGER 9223372036854775807", keys.Size(2**63 - 1, above=True)),
    (b"SMALLER 0", keys.Size(0, above=False)),
    (b"BEFORE 12-May-2026", keys.Dated("internal", "before", DAY)),
    (b'ON "12-may-2026"', keys.Dated("internal", "on", DAY)),
    (b"SINCE 01-Feb-2020", keys.Dated("internal", "since", date(2020, 2, 1))),
    (b"SINCE 1-Feb-2020", keys.Dated("internal", "since", date(2020, 2, 1))),
    (b"SENTBEFORE 12-May-2026", keys.Dated("sent", "before", DAY)),
    (b"SENTON 12-May-2026", keys.Dated("sent", "on", DAY)),
    (b"SENTSINCE 12-May-2026", keys.Dated("sent", "since", DAY)),
    (b"SAVEDBEFORE 12-May-2026", keys.Dated("saved", "before", DAY)),
    (b"SAVEDON 12-May-2026", keys.Dated("saved", "on", DAY)),
    (b"SAVEDSINCE 12-May-2026", keys.Dated("saved", "since", DAY)),
    (b"SAVEDATESUPPORTED", keys.SaveDateSupported()),
    (b"OLDER 3600", keys.Age(3600, younger=False)),
    (b"YOUNGER 1", keys.Age(1, younger=True)),
    (b"MODSEQ 0", keys.ModSeq(0)),
    (b'MODSEQ "/flags/\\\\draft" all 620162338', keys.ModSeq(620162338)),
    (b"EMAILID M6d99ac3275bb4e", keys.EmailId("M6d99ac3275bb4e")),
    (b"THREADID T_1-2", keys.ThreadId("T_1-2")),
    (b"NOT SEEN", keys.Not(SEEN)),
    (b"NOT NOT SEEN", keys.Not(keys.Not(SEEN))),
    (b"OR SEEN OR 1 ALL", keys.Or(SEEN, keys.Or(keys.Numbers(((1, 1),)), ALL))),
    (b"SEEN ALL", keys.And((SEEN, ALL))),
    (b"(SEEN)", SEEN),
    (b"( SEEN ( ALL  1 ) )", keys.And((SEEN, keys.And((ALL, keys.Numbers(((1, 1),))))))),
    (b"OR (SEEN ALL) NOT (SEEN)", keys.Or(keys.And((SEEN, ALL)), keys.Not(SEEN))),
]

GOOD = [
    *[(b"SEARCH " + written, Search(key)) for written, key in KEYS],
    (b"UID SEARCH SEEN", Search(SEEN, uid=True)),
    (b"SEARCH RETURN () SEEN", Search(SEEN, returns=frozenset({"ALL"}))),
    (b"SEARCH return (min MAX count) SEEN", Search(SEEN, returns=frozenset({"MIN", "MAX", "COUNT"}))),
    (
        b"UID SEARCH RETURN (SAVE) CHARSET utf-8 UID 1 SEEN",
        Search(keys.And((keys.Uids(((1, 1),)), SEEN)), uid=True, returns=frozenset({"SAVE"}), charset=True),
    ),
    (b"SEARCH CHARSET US-ASCII TEXT x", Search(keys.TextHas("x"), charset=True)),
    (b'SEARCH CHARSET "ISO-8859-1" TEXT {2}\r\n\xeat', Search(keys.TextHas("êt"), charset=True)),
    (b"SEARCH CHARSET koi8-r TEXT {1}\r\n\xc1", Search(keys.TextHas("а"), charset=True)),
    (b'SEARCH TEXT "\xea"', Search(keys.TextHas("�"))),
]

BAD = [
    b"SEARCH",
    b"SEARCH ",
    b"SEARCH BUTTER",
    b"SEARCH SEEN BUTTER x",
    b"SEARCH 0",
    b"SEARCH $x",
    b"SEARCH ()",
    b"SEARCH (SEEN",
    b"SEARCH SEEN)",
    b"SEARCH NOT",
    b"SEARCH OR SEEN",
    b"SEARCH KEYWORD",
    b"SEARCH KEYWORD \\Seen",
    b"SEARCH UID",
    b"SEARCH UID x",
    b"SEARCH FROM",
    b"SEARCH FROM (a)",
    b"SEARCH HEADER a",
    b"SEARCH TEXT {1}\r\n\0",
    b"SEARCH TEXT ~{1}\r\na",
    b"SEARCH LARGER x",
    b"SEARCH LARGER -1",
    b"SEARCH LARGER 9223372036854775808",
    b"SEARCH SINCE",
    b"SEARCH SINCE 30-Feb-2020",
    b"SEARCH SINCE 1-Foo-2020",
    b"SEARCH SINCE 1-Feb-20",
    b"SEARCH SINCE 1-Feb-0000",
    b'SEARCH SINCE "1-Feb-2020',
    b"SEARCH YOUNGER 0",
    b"SEARCH OLDER 4294967296",
    b"SEARCH MODSEQ",
    b'SEARCH MODSEQ "/flags/x" 1',
    b'SEARCH MODSEQ "/butter/x" all 1',
    b'SEARCH MODSEQ "/flags/x" every 1',
    b"SEARCH MODSEQ 9223372036854775808",
    b"SEARCH EMAILID ",
    b"SEARCH EMAILID M%",
    b"SEARCH EMAILID " + b"M" * 256,
    b"SEARCH FUZZY TEXT x",
    b"SEARCH RETURN SEEN",
    b"SEARCH RETURN (ALL)",
    b"SEARCH RETURN (UPDATE) SEEN",
    b"SEARCH RETURN (ALL) CHARSET UTF-8",
    b"SEARCH CHARSET UTF-8",
    b"SEARCH SEEN CHARSET UTF-8",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.tag, raised.value.status) == ("a", "BAD")


@pytest.mark.parametrize(
    "written", [b"SEARCH CHARSET BUTTER ALL", b'SEARCH CHARSET "\xff" ALL', b"SORT (DATE) BUTTER ALL"]
)
def test_it_says_which_charsets_it_knows(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.status, raised.value.code) == ("NO", "BADCHARSET (US-ASCII UTF-8)")


@pytest.mark.parametrize(
    ("most", "more"),
    [
        (b"(" * 50 + b"ALL" + b")" * 50, b"(" * 51 + b"ALL" + b")" * 51),
        (b"NOT " * 50 + b"ALL", b"NOT " * 51 + b"ALL"),
        (b"OR ALL " * 50 + b"ALL", b"OR ALL " * 51 + b"ALL"),
        (b"ALL " * 500, b"ALL " * 501),
        (b"OR ALL " * 49 + b"(" + b"ALL " * 401 + b")", b"OR ALL " * 49 + b"(" + b"ALL " * 402 + b")"),
        (b"ALL", b"(" * 40000),
        (b"ALL", b"NOT " * 30000),
    ],
    ids=["parentheses", "not", "or", "keys", "both", "many parentheses", "many not"],
)
def test_it_limits_depth_and_number_of_keys(most, more):
    read(b"SEARCH " + most)
    with pytest.raises(ParseError) as raised:
        read(b"SEARCH " + more)
    assert (raised.value.status, raised.value.code) == ("BAD", "LIMIT")
