"""imaplib, which comes with Python: every call of it that a program makes."""

from __future__ import annotations

import imaplib
import re
from contextlib import contextmanager

import pytest

from tests.clients.household import letter


@contextmanager
def signed_in(alice, door="imaps"):
    if door == "imaps":
        client = imaplib.IMAP4_SSL(*alice.imaps, ssl_context=alice.trust, timeout=60)
    else:
        client = imaplib.IMAP4(*alice.imap, timeout=60)
        client.starttls(alice.trust)
    with client:
        client.login(alice.address, alice.password)
        yield client


@pytest.fixture
def client(alice):
    with signed_in(alice) as client:
        yield client


def ok(answer):
    status, data = answer
    assert status == "OK", data
    return data


@pytest.mark.parametrize("door", ["imap", "imaps"])
def test_it_signs_in_through_both_doors(alice, door):
    with signed_in(alice, door) as client:
        assert ok(client.noop())
        assert {"IMAP4REV1", "IDLE"} <= set(client.capabilities)


def test_it_signs_in_with_plain_and_is_refused_with_a_wrong_password(alice):
    with imaplib.IMAP4_SSL(*alice.imaps, ssl_context=alice.trust, timeout=60) as client:
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.login(alice.address, "wrong")
        ok(client.authenticate("PLAIN", lambda _: f"\0{alice.address}\0{alice.password}".encode()))
        assert client.state == "AUTH"


def test_folders(alice, client):
    ok(client.create("Recipes"))
    ok(client.create("Recipes/Sweet"))
    ok(client.subscribe("Recipes"))
    assert any(b"Recipes/Sweet" in line for line in ok(client.list()))
    assert any(b"Recipes" in line for line in ok(client.lsub()))
    ok(client.rename("Recipes", "Kitchen"))
    assert {"Kitchen", "Kitchen/Sweet"} <= set(alice.folders())
    assert "Kitchen" in alice.page().text
    ok(client.delete("Kitchen/Sweet"))
    ok(client.unsubscribe("Kitchen"))
    assert "Kitchen/Sweet" not in alice.folders()
    assert ok(client.namespace()) == [b'(("" "/")) NIL NIL']


def test_messages(alice, client):
    raw = letter("Crepes")
    (where,) = ok(client.append("INBOX", r"(\Flagged)", '"01-Nov-2026 10:00:00 +0100"', raw))
    assert re.search(rb"APPENDUID \d+ 1", where)
    assert ok(client.select("INBOX")) == [b"1"]
    assert client.response("UIDVALIDITY")[1] != [None]
    (head, octets), _ = ok(client.fetch("1", "(FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])"))
    assert octets == raw
    assert b'INTERNALDATE " 1-Nov-2026 10:00:00 +0100"' in head or b'INTERNALDATE " 1-Nov-2026 09:00:00 +0000"' in head
    assert set(imaplib.ParseFlags(head)) == {b"\\Flagged", b"\\Recent"}
    assert ok(client.search(None, "FLAGGED")) == [b"1"]
    assert ok(client.search("UTF-8", "SUBJECT", '"crepes"')) == [b"1"]
    assert ok(client.store("1", "+FLAGS", r"(\Seen recipe)"))
    assert alice.flags("INBOX") == {"Crepes": ("\\Flagged", "\\Seen", "recipe")}
    ok(client.copy("1", "Archive"))
    assert alice.flags("Archive") == {"Crepes": ("\\Flagged", "\\Seen", "recipe")}
    ok(client.store("1", "+FLAGS.SILENT", r"(\Deleted)"))
    assert ok(client.expunge()) == [b"1"]
    assert alice.stored("INBOX") == []
    assert "Crepes" not in alice.page().text
    ok(client.close())


def test_numbers_by_uid_sort_and_thread(alice, client):
    for subject in ("Batter", "Apples", "Re: Batter"):
        alice.put(subject)
    ok(client.select("INBOX"))
    assert ok(client.sort("SUBJECT", "UTF-8", "ALL")) == [b"2 1 3"]
    assert ok(client.uid("SORT", "(REVERSE SUBJECT)", "UTF-8", "ALL")) == [b"1 3 2"]
    assert ok(client.thread("ORDEREDSUBJECT", "UTF-8", "ALL")) == [b"(1 3)(2)"]
    assert ok(client.uid("SEARCH", None, "SUBJECT", "Apples")) == [b"2"]
    assert b"UID 2" in ok(client.uid("FETCH", "2", "(UID FLAGS)"))[0]
    ok(client.uid("MOVE", "2", "Archive"))
    assert alice.subjects("Archive") == ["Apples"]
    assert alice.subjects("INBOX") == ["Batter", "Re: Batter"]


def test_quota_status_and_small_talk(alice, client):
    alice.put("One")
    roots, quotas = client.getquotaroot("INBOX")[1]
    assert b"INBOX" in roots[0]
    assert b"STORAGE" in quotas[0]
    assert b"MESSAGES 1" in ok(client.status("INBOX", "(MESSAGES UNSEEN UIDNEXT UIDVALIDITY)"))[0]
    ok(client.enable("UTF8=ACCEPT"))
    assert client.utf8_enabled
    ok(client.select("INBOX", readonly=True))
    ok(client.check())
    ok(client.unselect())


def test_utf8_in_folders_and_messages(alice, client):
    ok(client.enable("UTF8=ACCEPT"))
    ok(client.create('"Crêpes"'))
    assert "Crêpes" in alice.folders()
    raw = letter("Plain").replace(b"Subject: Plain", "Subject: Crêpes à midi".encode())
    ok(client.append('"Crêpes"', None, None, raw))
    assert alice.subjects("Crêpes") == ["Crêpes à midi"]
    assert ok(client.select('"Crêpes"')) == [b"1"]
