from __future__ import annotations

import pytest

from mailserver.mail.numbersets import STAR
from mailserver.mail.searchkeys import All, Numbers, Uids
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.messagecommands import (
    Check,
    Close,
    Copy,
    Expunge,
    Move,
    Sort,
    SortKey,
    Store,
    Thread,
    Unselect,
)
from tests.servers.imap.grammar.writing import read

ONE = Numbers(((1, 1),))

GOOD = [
    (b"CHECK", Check()),
    (b"CLOSE", Close()),
    (b"UNSELECT", Unselect()),
    (b"EXPUNGE", Expunge()),
    (b"UID EXPUNGE 3:1,9", Expunge(Uids(((1, 3), (9, 9))))),
    (b"UID EXPUNGE $", Expunge(Uids((), saved=True))),
    (b"STORE 1 FLAGS ()", Store(ONE, "replace", ())),
    (b"STORE 1 +FLAGS (\\seen \\DELETED $Forwarded)", Store(ONE, "add", ("\\Seen", "\\Deleted", "$Forwarded"))),
    (b"store 1 -flags.silent \\Draft NIL", Store(ONE, "remove", ("\\Draft", "NIL"), silent=True)),
    (b"STORE 1 FLAGS (\\Seen \\seen Work WORK)", Store(ONE, "replace", ("\\Seen", "Work"))),
    (b"STORE 1 FLAGS.SILENT \\Seen", Store(ONE, "replace", ("\\Seen",), silent=True)),
    (
        b"UID STORE 1:* (UNCHANGEDSINCE 0) +FLAGS (\\Flagged)",
        Store(Uids(((1, STAR),)), "add", ("\\Flagged",), uid=True, unchanged_since=0),
    ),
    (b"STORE $ +FLAGS \\Seen", Store(Uids((), saved=True), "add", ("\\Seen",))),
    (b"COPY *,2 Sauce", Copy(Numbers(((2, 2), (STAR, STAR))), "Sauce")),
    (b"COPY *:4 inbox", Copy(Numbers(((4, STAR),)), "INBOX")),
    (b"UID COPY 4294967294 Sauce", Copy(Uids(((4294967294, 4294967294),)), "Sauce", uid=True)),
    (b"MOVE 1 {1}\r\nx", Move(ONE, "x")),
    (b"uid  move 1:2,3:4,10 Cr&AOo-pes", Move(Uids(((1, 4), (10, 10))), "Crêpes", uid=True)),
    (b"SORT (ARRIVAL) UTF-8 ALL", Sort((SortKey("ARRIVAL"),), All())),
    (
        b"UID SORT RETURN (COUNT MIN) (reverse date FROM DATE subject) us-ascii ALL",
        Sort(
            (SortKey("DATE", reverse=True), SortKey("FROM"), SortKey("SUBJECT")),
            All(),
            uid=True,
            returns=frozenset({"COUNT", "MIN"}),
        ),
    ),
    (
        b"SORT (CC SIZE TO DISPLAYFROM REVERSE DISPLAYTO) UTF-8 1",
        Sort(
            (
                SortKey("CC"),
                SortKey("SIZE"),
                SortKey("TO"),
                SortKey("DISPLAYFROM"),
                SortKey("DISPLAYTO", reverse=True),
            ),
            ONE,
        ),
    ),
    (b"THREAD references UTF-8 ALL", Thread("REFERENCES", All())),
    (b"THREAD ORDEREDSUBJECT UTF-8 ALL", Thread("ORDEREDSUBJECT", All())),
    (b"UID THREAD REFS UTF-8 1", Thread("REFS", ONE, uid=True)),
]

BAD = [
    b"CHECK x",
    b"CLOSE x",
    b"UNSELECT x",
    b"EXPUNGE 1",
    b"UID",
    b"UID NOOP",
    b"UID UID EXPUNGE 1",
    b"UID EXPUNGE",
    b"UID EXPUNGE 0",
    b"UID EXPUNGE 1:",
    b"UID EXPUNGE ,1",
    b"UID EXPUNGE 1,,2",
    b"UID EXPUNGE 1:2:3",
    b"UID EXPUNGE 4294967296",
    b"UID EXPUNGE 1,$",
    b"UID EXPUNGE 01",
    b"STORE 1",
    b"STORE 1 FLAGS",
    b"STORE 1 FLAGS ",
    b"STORE 1 FLAGS (\\Recent)",
    b"STORE 1 FLAGS (\\Butter)",
    b"STORE 1 FLAGS (\\*)",
    b"STORE 1 FLAGS (a]b)",
    b'STORE 1 FLAGS ("a")',
    b"STORE 1 FLAGS (cr\xc3\xaape)",
    b"STORE 1 FLAGS (a) b",
    b"STORE 1 *FLAGS (a)",
    b"STORE 1 FLAGS.LOUD (a)",
    b"STORE 1 (UNCHANGEDSINCE) FLAGS (a)",
    b"STORE 1 (UNCHANGEDSINCE 9223372036854775808) FLAGS (a)",
    b"STORE 1 (CHANGEDSINCE 1) FLAGS (a)",
    b"STORE x FLAGS (a)",
    b"COPY 1",
    b"COPY x y",
    b"UID COPY 1",
    b"MOVE 1 a b",
    b"MOVE 0 a",
    b"SORT (DATE) UTF-8",
    b"SORT (DATE) ALL",
    b"SORT () UTF-8 ALL",
    b"SORT (REVERSE) UTF-8 ALL",
    b"SORT (REVERSE REVERSE DATE) UTF-8 ALL",
    b"SORT (SPEED) UTF-8 ALL",
    b"SORT DATE UTF-8 ALL",
    b"THREAD",
    b"THREAD REFERENCES ALL",
    b"THREAD BUTTER UTF-8 ALL",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert raised.value.tag == "a"


def test_it_keeps_large_sets_as_runs():
    assert read(b"UID EXPUNGE 1:4294967294,7") == Expunge(Uids(((1, 4294967294),)))
    many = b",".join(b"%d" % number for number in range(1, 20000, 2))
    assert read(b"UID EXPUNGE " + many) == Expunge(Uids(tuple((number, number) for number in range(1, 20000, 2))))
