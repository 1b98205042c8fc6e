from __future__ import annotations

import pytest

from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.mailboxcommands import (
    Create,
    Delete,
    Qresync,
    Rename,
    Select,
    Subscribe,
    Unsubscribe,
)
from tests.servers.imap.grammar.writing import read

GOOD = [
    (b"SELECT inBox", Select("INBOX")),
    (b'SELECT "INBOX"', Select("INBOX")),
    (b"EXAMINE {5}\r\nSauce", Select("Sauce", read_only=True)),
    (b"SELECT NIL", Select("NIL")),
    (b"SELECT ~foo", Select("~foo")),
    (b"SELECT Inbox/Eggs", Select("Inbox/Eggs")),
    (b"SELECT x (condstore)", Select("x", condstore=True)),
    (b"SELECT x ( CONDSTORE )", Select("x", condstore=True)),
    (b"SELECT x (QRESYNC (67890007 90060115194045000))", Select("x", qresync=Qresync(67890007, 90060115194045000))),
    (b"SELECT x (QRESYNC (1 2 41,43:45,44))", Select("x", qresync=Qresync(1, 2, ((41, 41), (43, 45))))),
    (
        b"EXAMINE x (QRESYNC (1 2 1:9 (1,3 4,8)) CONDSTORE)",
        Select("x", True, True, Qresync(1, 2, ((1, 9),), (((1, 1), (3, 3)), ((4, 4), (8, 8))))),
    ),
    (b"SELECT x (QRESYNC (1 2 (1 4)))", Select("x", qresync=Qresync(1, 2, None, (((1, 1),), ((4, 4),))))),
    (b"CREATE Sauce/", Create("Sauce/")),
    (b"CREATE Cr&AOo-pes", Create("Crêpes")),
    (b"CREATE R&-D", Create("R&D")),
    (b"CREATE Sauce (USE (\\sent \\Archive \\Butter))", Create("Sauce", ("\\Sent", "\\Archive", "\\Butter"))),
    (b"CREATE Sauce (USE ())", Create("Sauce")),
    (b"DELETE Sauce", Delete("Sauce")),
    (b'RENAME "Old sauce" inbox', Rename("Old sauce", "INBOX")),
    (b"SUBSCRIBE Sauce", Subscribe("Sauce")),
    (b"UNSUBSCRIBE Sauce", Unsubscribe("Sauce")),
]

BAD = [
    b"SELECT",
    b"SELECT a b",
    b"SELECT *",
    b"SELECT (x)",
    b"SELECT x ()",
    b"SELECT x (UIDONLY)",
    b"SELECT x (CONDSTORE",
    b"SELECT x (QRESYNC)",
    b"SELECT x (QRESYNC (1))",
    b"SELECT x (QRESYNC (0 1))",
    b"SELECT x (QRESYNC (4294967296 1))",
    b"SELECT x (QRESYNC (1 0))",
    b"SELECT x (QRESYNC (1 9223372036854775808))",
    b"SELECT x (QRESYNC (1 2 1:*))",
    b"SELECT x (QRESYNC (1 2 3 (1)))",
    b"SELECT x (QRESYNC (1 2 3 (1 *)))",
    b"CREATE",
    b"CREATE Sauce (USE \\Sent)",
    b"CREATE Sauce (USE (Sent))",
    b"CREATE Sauce (FOR (\\Sent))",
    b"CREATE Sauce USE",
    b"DELETE",
    b"DELETE a b",
    b"RENAME a",
    b"RENAME a b c",
    b"SUBSCRIBE",
    b"SUBSCRIBE a%",
    b"UNSUBSCRIBE",
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
    ("written", "utf8", "name"),
    [
        (b"Cr&AOo-pes", False, "Crêpes"),
        (b"Cr&AOo-pes", True, "Cr&AOo-pes"),
        (b'"Cr\xc3\xaapes"', True, "Crêpes"),
        (b'"Cr\xc3\xaapes"', False, "Crêpes"),
        (b"{7}\r\nCr\xc3\xaapes", False, "Crêpes"),
        # in no encoding: looked up and not found
        (b'"Cr\xeapes"', False, "Crêpes"),
        (b'"Cr\xeapes"', True, "Crêpes"),
        (b'"A & B"', False, "A & B"),
        (b"&AGE-", False, "&AGE-"),
        (b"&AAA-", False, "&AAA-"),
        (b'"A & B"', True, "A & B"),
    ],
)
def test_it_reads_names_in_both_encodings(written, utf8, name):
    assert read(b"SELECT " + written, utf8=utf8) == Select(name)


@pytest.mark.parametrize(
    ("written", "utf8"),
    [
        (b'CREATE "A & B"', False),
        (b"CREATE &AGE-", False),
        (b"CREATE &AAA-", False),
        (b'CREATE "Cr\xeapes"', True),
        (b'RENAME a "A & B"', False),
    ],
)
def test_it_makes_no_mailbox_whose_name_is_in_no_encoding(written, utf8):
    with pytest.raises(ParseError) as raised:
        read(written, utf8=utf8)
    assert (raised.value.tag, raised.value.status, raised.value.code) == ("a", "NO", "CANNOT")
