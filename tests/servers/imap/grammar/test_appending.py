from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mailserver.mail.numbersets import STAR
from mailserver.mail.searchkeys import Numbers, Uids
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.mailboxcommands import Append, NewMessage
from mailserver.servers.imap.grammar.messagecommands import Replace
from mailserver.servers.imap.grammar.parser import parse
from mailserver.servers.imap.grammar.pieces import Literal
from tests.servers.imap.grammar.writing import read

ONE, TWO = Literal(b"one"), Literal(b"\0wo", binary=True)
AT = datetime(2026, 5, 2, 10, 30, 59, tzinfo=timezone(timedelta(hours=-2, minutes=-30)))

GOOD = [
    (b"APPEND inbox {3}\r\none", Append("INBOX", (NewMessage(ONE),))),
    (b"append {5}\r\nSauce {3+}\r\none", Append("Sauce", (NewMessage(ONE),))),
    (b"APPEND x () ~{3}\r\n\0wo", Append("x", (NewMessage(TWO),))),
    (b"APPEND x (\\seen Work) {3}\r\none", Append("x", (NewMessage(ONE, ("\\Seen", "Work")),))),
    (b'APPEND x " 2-May-2026 10:30:59 -0230" {3}\r\none', Append("x", (NewMessage(ONE, (), AT),))),
    (b'APPEND x (a) "02-may-2026 10:30:60 -0230" {3}\r\none', Append("x", (NewMessage(ONE, ("a",), AT),))),
    (b"APPEND x UTF8 (~{3}\r\n\0wo)", Append("x", (NewMessage(TWO, utf8=True),))),
    (
        b'APPEND x (a) {3}\r\none ~{3+}\r\n\0wo " 2-May-2026 10:30:59 -0230" utf8 (~{3}\r\n\0wo) {3}\r\none',
        Append("x", (NewMessage(ONE, ("a",)), NewMessage(TWO), NewMessage(TWO, (), AT, True), NewMessage(ONE))),
    ),
    (b"REPLACE 4 Drafts (\\Draft) {3}\r\none", Replace(Numbers(((4, 4),)), "Drafts", NewMessage(ONE, ("\\Draft",)))),
    (b"REPLACE * {1}\r\nx {3}\r\none", Replace(Numbers(((STAR, STAR),)), "x", NewMessage(ONE))),
    (b"UID REPLACE 4 x {3}\r\none", Replace(Uids(((4, 4),)), "x", NewMessage(ONE), uid=True)),
]

BAD = [
    b"APPEND",
    b"APPEND x",
    b"APPEND x one",
    b'APPEND x "one"',
    b"APPEND {3}\r\none",
    b"APPEND {3}\r\none ",
    b"APPEND x {3}\r\none two",
    b"APPEND x {3}\r\none (a)",
    b"APPEND x {3}\r\none{3}\r\none",
    b"APPEND x (\\Recent) {3}\r\none",
    b"APPEND x (\\Butter) {3}\r\none",
    b"APPEND x (a){3}\r\none",
    b"APPEND x \\Seen {3}\r\none",
    b'APPEND x "2-May-2026 10:30:59 -0230" {3}\r\none',
    b'APPEND x "02-May-2026 10:30:59" {3}\r\none',
    b'APPEND x "31-Feb-2026 10:30:59 +0000" {3}\r\none',
    b'APPEND x "01-Feb-2026 24:00:00 +0000" {3}\r\none',
    b'APPEND x "01-Foo-2026 10:30:59 +0000" {3}\r\none',
    b'APPEND x "01-Feb-0000 10:30:59 +0000" {3}\r\none',
    b'APPEND x "01-Feb-2026 10:30:59 +2400" {3}\r\none',
    b'APPEND x "01-Jan-0001 00:00:00 +1200" {3}\r\none',
    b'APPEND x "31-Dec-9999 23:59:59 -1200" {3}\r\none',
    b"APPEND x UTF8 ~{3}\r\none",
    b"APPEND x UTF8 (~{3}\r\none",
    b"APPEND x CATENATE (TEXT {3}\r\none)",
    b"REPLACE 4 x",
    b"REPLACE 0 x {3}\r\none",
    b"REPLACE 1:2 x {3}\r\none",
    b"REPLACE $ x {3}\r\none",
    b"REPLACE 1 x {3}\r\none {3}\r\none",
    b"UID REPLACE * x {3}\r\none",
]


@pytest.mark.parametrize(("written", "command"), GOOD)
def test_it_reads(written, command):
    assert read(written) == command


@pytest.mark.parametrize("written", BAD)
def test_it_refuses(written):
    with pytest.raises(ParseError) as raised:
        read(written)
    assert (raised.value.tag, raised.value.status) == ("a", "BAD")


def test_it_leaves_the_message_where_the_wire_keeps_it():
    kept = Literal(object())
    command = parse([b"a APPEND INBOX ", kept, b""]).command
    assert isinstance(command, Append)
    assert command.messages[0].data is kept


def test_it_takes_no_spooled_literal_for_text():
    with pytest.raises(ParseError):
        parse([b"a SELECT ", Literal(object()), b""])
