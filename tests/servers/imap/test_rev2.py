"""IMAP4rev2 (RFC 9051 appendix E) after ENABLE, and what UTF8=ACCEPT (RFC 6855) has in common with it."""

from __future__ import annotations

import re

import pytest

from tests.support.mail import message as letter


@pytest.fixture
def rev2(bob_in):
    assert bob_in.ok("ENABLE IMAP4rev2") == [b"ENABLED IMAP4rev2"]
    return bob_in


def test_recent_is_gone(rev2, watcher):
    rev2.append("INBOX", letter())
    told = rev2.ok("SELECT INBOX")
    assert not [line for line in told if b"RECENT" in line or b"UNSEEN" in line]
    assert b'LIST () "/" "INBOX"' in told
    assert rev2.ok("FETCH 1 FLAGS") == [b"1 FETCH (FLAGS ())"]
    assert rev2.append("INBOX", letter()) == [b"2 EXISTS", b"2 FETCH (FLAGS ())"]
    assert rev2.ok("STORE 1 +FLAGS (\\Seen)") == [b"1 FETCH (FLAGS (\\Seen))"]


def test_search_answers_esearch(rev2):
    rev2.append("INBOX", letter())
    rev2.ok("SELECT INBOX")
    (line,) = rev2.ok("SEARCH ALL")
    assert re.fullmatch(rb'ESEARCH \(TAG "a\d+"\) ALL 1', line)
    (line,) = rev2.ok("UID SEARCH UNSEEN")
    assert re.fullmatch(rb'ESEARCH \(TAG "a\d+"\) UID ALL 1', line)
    (line,) = rev2.ok("SEARCH DELETED")
    assert re.fullmatch(rb'ESEARCH \(TAG "a\d+"\)', line)


def test_the_mailbox_before_is_closed(rev2):
    assert not [line for line in rev2.ok("SELECT INBOX") if b"CLOSED" in line]
    assert rev2.ok("SELECT Sent")[0].startswith(b"OK [CLOSED] ")
    first, *_, done = rev2.do("SELECT Nowhere")
    assert first.startswith(b"* OK [CLOSED] ")
    assert done.startswith(b"NO [NONEXISTENT]")


@pytest.mark.parametrize("capability", ["IMAP4rev2", "UTF8=ACCEPT"])
def test_names_are_utf8(bob_in, capability):
    bob_in.ok("CREATE Cr&AOo-pes")
    assert b'LIST (\\HasNoChildren) "/" Cr&AOo-pes' in bob_in.ok('LIST "" *')
    bob_in.ok(f"ENABLE {capability}")
    assert 'LIST (\\HasNoChildren) "/" "Crêpes"'.encode() in bob_in.ok('LIST "" *')
    bob_in.ok('CREATE "Bücher"')
    bob_in.ok('SELECT "Bücher"')
    assert bob_in.ok('STATUS "Crêpes" (MESSAGES)') == ['STATUS "Crêpes" (MESSAGES 0)'.encode()]
    bob_in.refused(b'CREATE "\xff"', rb"NO \[CANNOT\] .*")
    # An ampersand is an ampersand.
    bob_in.ok('CREATE "Q&A"')
    assert b'LIST (\\HasNoChildren) "/" "Q&A"' in bob_in.ok('LIST "" Q*')


def test_utf8_mail(bob_in):
    raw = "From: Zoë <zoë@crepes.fr>\r\nSubject: Crêpes\r\n\r\nHi\r\n".encode()
    bob_in.refused(b"APPEND INBOX UTF8 (" + raw + b")", rb"BAD .*")
    bob_in.ok(b"APPEND INBOX UTF8 (~{%d+}\r\n%b)" % (len(raw), raw))
    bob_in.ok("SELECT INBOX")
    (plain,) = bob_in.ok("FETCH 1 ENVELOPE")
    assert plain.isascii()
    assert b"=?utf-8?" in plain.lower()
    bob_in.ok("ENABLE UTF8=ACCEPT")
    (wide,) = bob_in.ok("FETCH 1 ENVELOPE")
    assert '"Crêpes"'.encode() in wide
    assert '"zoë" "crepes.fr"'.encode() in wide
    assert raw in bob_in.ok("FETCH 1 BODY.PEEK[]")[0]
    assert bob_in.ok('SEARCH SUBJECT "crêpes"') == [b"SEARCH 1"]


def test_utf8_accept_leaves_no_choice_of_charset(bob_in):
    bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("SEARCH CHARSET UTF-8 ALL") == [b"SEARCH 1"]
    bob_in.ok("ENABLE UTF8=ACCEPT")
    bob_in.refused("SEARCH CHARSET UTF-8 ALL", rb"BAD .*")
    assert bob_in.ok("SEARCH ALL") == [b"SEARCH 1"]
