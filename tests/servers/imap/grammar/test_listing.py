from __future__ import annotations

import pytest

from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.mailboxcommands import List, Lsub, Status, Xlist
from tests.servers.imap.grammar.writing import read

GOOD = [
    (b'LIST "" *', List("", ("*",))),
    (b'LIST "" ""', List("", ("",))),
    (b'list Sauce/ "%"', List("Sauce/", ("%",))),
    (b'LIST "" inbox', List("", ("inbox",))),
    (b'LIST "" Cr&AOo-pe*', List("", ("Crêpe*",))),
    (b'LIST "" "A & B%"', List("", ("A & B%",))),
    (b'LIST "" !#$$&\'+,-.09:;<=>?@^_`|[}%*]', List("", ("!#$$&'+,-.09:;<=>?@^_`|[}%*]",))),
    (b'LIST "" {3}\r\nS%*', List("", ("S%*",))),
    (b'LIST () "" %', List("", ("%",), extended=True)),
    (b'LIST "" (a %/b "c d")', List("", ("a", "%/b", "c d"), extended=True)),
    (
        b'LIST (SUBSCRIBED recursivematch) "" "*" RETURN (CHILDREN)',
        List(
            "",
            ("*",),
            frozenset({"SUBSCRIBED", "RECURSIVEMATCH"}),
            frozenset({"CHILDREN"}),
            extended=True,
        ),
    ),
    (b'LIST (REMOTE SPECIAL-USE) "" "*"', List("", ("*",), frozenset({"REMOTE", "SPECIAL-USE"}), extended=True)),
    (b'LIST "" "*" RETURN ()', List("", ("*",), extended=True)),
    (
        b'LIST "" "%" return (special-use STATUS (MESSAGES unseen) SUBSCRIBED)',
        List(
            "",
            ("%",),
            returns=frozenset({"SPECIAL-USE", "SUBSCRIBED"}),
            status=("MESSAGES", "UNSEEN"),
            extended=True,
        ),
    ),
    (b'LSUB "" "*"', Lsub("", "*")),
    (b'XLIST "" "%"', Xlist("", "%")),
    (b"STATUS inbox (MESSAGES messages)", Status("INBOX", ("MESSAGES",))),
    (
        b"STATUS x ( RECENT UIDNEXT UIDVALIDITY UNSEEN DELETED SIZE HIGHESTMODSEQ APPENDLIMIT MAILBOXID"
        b" DELETED-STORAGE)",
        Status(
            "x",
            (
                "RECENT",
                "UIDNEXT",
                "UIDVALIDITY",
                "UNSEEN",
                "DELETED",
                "SIZE",
                "HIGHESTMODSEQ",
                "APPENDLIMIT",
                "MAILBOXID",
                "DELETED-STORAGE",
            ),
        ),
    ),
]

BAD = [
    b"LIST",
    b'LIST ""',
    b'LIST "" * x',
    b'LIST "" a(b',
    b'LIST (imaptest) "" ""',
    b'LIST (recursivematch) "" ""',
    b'LIST (recursivematch remote) "" ""',
    b'LIST "" "" return (imaptest)',
    b'LIST "" "" return',
    b'LIST "" "" return (STATUS)',
    b'LIST "" "" return (STATUS ())',
    b'LIST "" "" return (CHILDREN) x',
    b'LIST "" ()',
    b'LIST "" (a b',
    b'LIST "" (' + b" ".join([b"a"] * 101) + b")",
    b'LSUB ""',
    b'LSUB "" * *',
    b"XLIST",
    b"STATUS x",
    b"STATUS x ()",
    b"STATUS x MESSAGES",
    b"STATUS x (MESSAGES",
    b"STATUS x (SPEED)",
    b"STATUS (MESSAGES)",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.tag, raised.value.status) == ("a", "BAD")
