from __future__ import annotations

import logging
import re

import pytest

from tests.support.mail import message as letter


def test_capability(bob_in):
    (line,) = bob_in.ok("CAPABILITY")
    assert line.startswith(b"CAPABILITY IMAP4rev1 IMAP4rev2 ")
    assert not re.search(rb"AUTH=|STARTTLS|LOGINDISABLED", line)


def test_before_sign_in_only_what_helps_then(connect, db):
    (line,) = connect().ok("CAPABILITY")
    assert set(line.split()[1:]) == {
        *(b"IMAP4rev1", b"IMAP4rev2", b"ID", b"ENABLE", b"IDLE", b"LITERAL+", b"SASL-IR"),
        *(b"AUTH=SCRAM-SHA-256", b"AUTH=PLAIN", b"AUTH=LOGIN", b"AUTH=OAUTHBEARER", b"AUTH=XOAUTH2"),
    }


def test_noop_tells_nothing_when_there_is_nothing(bob_in):
    assert bob_in.do("NOOP") == [b"OK Done."]
    bob_in.ok("SELECT INBOX")
    assert bob_in.do("NOOP") == [b"OK Done."]


def test_check_is_for_a_selected_mailbox(bob_in):
    bob_in.refused("CHECK", rb"BAD Select a mailbox first\.")
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("CHECK") == []


@pytest.mark.parametrize("signed_in", [True, False])
def test_logout(connect, bob, signed_in):
    client = connect(bob.address if signed_in else "")
    *said, done = client.do("LOGOUT")
    assert said == [b"* BYE Until next time."]
    assert done.startswith(b"OK")
    client.expect_end()


@pytest.mark.parametrize("fields", ["NIL", '("name" "Thunderbird" "version" "140")', '("os" NIL)', "()"])
def test_id_is_answered_with_an_id(connect, db, fields):
    assert connect().ok(f"ID {fields}") == [b'ID ("name" "Correio")']


def test_id_is_noted_without_what_would_break_a_log(connect, bob, caplog):
    with caplog.at_level(logging.INFO, logger="mailserver"):
        connect(bob.address).ok('ID ("name" {8+}\r\nK9\r\nforg "version" "6")')
    (line,) = [one.getMessage() for one in caplog.records if "K9" in one.getMessage()]
    assert "\n" not in line
    assert "\r" not in line


def test_enable_passes_over_what_it_does_not_know(bob_in):
    assert bob_in.ok("ENABLE CONDSTORE X-GOOD-IDEA") == [b"ENABLED CONDSTORE"]
    assert bob_in.ok("ENABLE condstore") == [b"ENABLED"]
    assert bob_in.ok("ENABLE QRESYNC UTF8=ACCEPT IMAP4rev2") == [b"ENABLED QRESYNC UTF8=ACCEPT IMAP4rev2"]
    bob_in.refused("ENABLE", rb"BAD .*")


def test_namespace(bob_in):
    assert bob_in.ok("NAMESPACE") == [b'NAMESPACE (("" "/")) NIL NIL']


def test_unselect_leaves_what_is_marked(bob_in, watcher):
    bob_in.append("INBOX", letter(), "\\Deleted")
    bob_in.refused("UNSELECT", rb"BAD .*")
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("UNSELECT") == []
    bob_in.refused("FETCH 1 FLAGS", rb"BAD .*")
    assert watcher().ok("FETCH 1 FLAGS") == [b"1 FETCH (FLAGS (\\Deleted))"]


@pytest.mark.parametrize(
    "words", ["FLY", "UID FLY 1", "NOOP now", "UID", "SELECT", "FETCH 0 FLAGS", "LIST", "STORE 1 X"]
)
def test_nonsense_is_bad_and_forgiven(bob_in, words):
    bob_in.ok("SELECT INBOX")
    bob_in.refused(words, rb"BAD .*")
    assert bob_in.ok("NOOP") == []


@pytest.mark.parametrize("line", [b"", b"*", b"+ x", b"(a) NOOP", b'"a" NOOP'])
def test_without_a_tag_the_answer_has_none(bob_in, line):
    bob_in.push(line + b"\r\n")
    assert bob_in.response().startswith(b"* BAD ")
    bob_in.ok("NOOP")


def test_commands_in_one_packet_are_answered_in_order(bob_in):
    bob_in.push(b'x1 NOOP\r\nx2 SELECT INBOX\r\nx3 FETCH 1 FLAGS\r\nx4 LIST "" ""\r\n')
    tagged = []
    while len(tagged) < 4:
        line = bob_in.response()
        if not line.startswith(b"* "):
            tagged.append(line.split()[:2])
    assert tagged == [[b"x1", b"OK"], [b"x2", b"OK"], [b"x3", b"BAD"], [b"x4", b"OK"]]
