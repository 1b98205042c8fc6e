"""NOTIFY (RFC 5465): told between commands, without IDLE."""

from __future__ import annotations

import re

import pytest

from mailserver.errors import Unavailable
from mailserver.services import folders
from tests.support.mail import delivered
from tests.support.mail import message as letter

MESSAGES = "(MessageNew MessageExpunge FlagChange)"


def status(mailbox: str, messages: int, uidnext: int, unseen: int) -> bytes:
    return rb"\* STATUS %b \(MESSAGES %d UIDNEXT %d UIDVALIDITY \d+ UNSEEN %d HIGHESTMODSEQ \d+\)" % (
        mailbox.encode(),
        messages,
        uidnext,
        unseen,
    )


@pytest.fixture
def other(live, bob):
    return live(bob.address)


def test_the_selected_mailbox(live, other, bob):
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)]) MessageExpunge FlagChange))")
    delivered(bob, subject="Pears")
    assert client.response() == b"* 1 EXISTS"
    assert client.response() == b"* 1 RECENT"
    assert client.response().startswith(b"* 1 FETCH (FLAGS (")
    told = client.response()
    assert told.startswith(b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {")
    assert b"Subject: Pears" in told
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    assert client.response().startswith(b"* 1 FETCH (FLAGS (\\Deleted")
    other.ok("EXPUNGE")
    assert client.response() == b"* 1 EXPUNGE"
    client.ok("NOTIFY NONE")
    delivered(bob)
    client.expect_silence(0.3)


def test_delayed_expunges_wait_for_a_command(live, other, bob):
    other.append("INBOX", letter(), "\\Deleted")
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected-delayed (MessageNew MessageExpunge))")
    other.ok("SELECT INBOX")
    other.ok("EXPUNGE")
    client.expect_silence(0.3)
    assert client.ok("NOOP") == [b"1 EXPUNGE"]


def test_flags_only_for_those_who_asked(live, other, bob):
    other.append("INBOX", letter())
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew MessageExpunge))")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    client.expect_silence(0.3)


def test_other_mailboxes_by_status(live, other, bob):
    client = live(bob.address, "INBOX")
    client.ok(f"NOTIFY SET (mailboxes (Archive Sent) {MESSAGES})")
    other.append("Archive", letter())
    assert re.fullmatch(status("Archive", 1, 2, 1), client.response())
    other.ok("SELECT Archive")
    other.ok("STORE 1 +FLAGS (\\Seen)")
    assert re.fullmatch(status("Archive", 1, 2, 0), client.response())
    other.append("Drafts", letter())
    client.expect_silence(0.3)


@pytest.mark.parametrize("which", ["personal", "subtree Archive", "mailboxes Archive", "subtree (Sent Archive)"])
def test_which_mailboxes(live, other, bob, which):
    client = live(bob.address)
    client.ok(f"NOTIFY SET ({which} (MessageNew MessageExpunge))")
    other.append("Archive", letter())
    assert re.fullmatch(status("Archive", 1, 2, 1), client.response())


def test_inboxes_are_those_that_mail_comes_to(live, other, bob):
    client = live(bob.address)
    client.ok("NOTIFY SET (inboxes (MessageNew MessageExpunge))")
    other.append("Archive", letter())
    delivered(bob)
    assert re.fullmatch(status("INBOX", 1, 2, 1), client.response())


def test_the_first_group_that_holds_a_mailbox_decides(live, other, bob):
    client = live(bob.address)
    client.ok(f"NOTIFY SET (mailboxes Archive NONE) (personal {MESSAGES})")
    other.append("Archive", letter())
    client.expect_silence(0.3)
    other.append("Sent", letter())
    assert re.fullmatch(status("Sent", 1, 2, 1), client.response())


def test_the_state_first(live, other, bob):
    other.append("Archive", letter(), "\\Seen")
    client = live(bob.address)
    told = client.ok(f"NOTIFY SET STATUS (mailboxes (Archive Sent) {MESSAGES})")
    assert [line.split()[1] for line in told] == [b"Archive", b"Sent"]
    assert re.fullmatch(status("Archive", 1, 2, 0), b"* " + told[0])


def test_names(live, other, bob):
    client = live(bob.address)
    client.ok("NOTIFY SET (personal (MailboxName SubscriptionChange))")
    other.ok("CREATE Lists")
    assert re.fullmatch(rb'\* LIST \((\\Subscribed)?\) "/" Lists', client.response())
    other.ok("SUBSCRIBE Archive")
    other.ok("UNSUBSCRIBE Archive")
    said = client.response()
    assert re.fullmatch(rb'\* LIST \((\\Subscribed)?\) "/" Archive', said)
    if b"Subscribed" in said:
        assert client.response() == b'* LIST () "/" Archive'
    other.ok("RENAME Lists Groups")
    assert re.fullmatch(rb'\* LIST \((\\Subscribed)?\) "/" Groups \("OLDNAME" \(Lists\)\)', client.response())
    other.ok("DELETE Groups")
    assert client.response() == b'* LIST (\\NonExistent) "/" Groups'


def test_names_of_some(live, other, bob):
    client = live(bob.address)
    client.ok("NOTIFY SET (subtree Lists (MailboxName))")
    other.ok("CREATE Elsewhere")
    other.ok("CREATE Lists/python")
    assert [client.response().rpartition(b" ")[2] for _ in range(2)] == [b"Lists", b"Lists/python"]


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (
            "NOTIFY SET (personal (AnnotationChange MessageNew MessageExpunge))",
            rb"NO \[BADEVENT \(FlagChange .*\)\] .*",
        ),
        ("NOTIFY SET (personal (Earthquake))", rb"NO \[BADEVENT .*"),
        ("NOTIFY SET (personal (MessageNew))", rb"BAD .*"),
        ("NOTIFY SET (selected (MailboxName))", rb"BAD .*"),
        ("NOTIFY SET", rb"BAD .*"),
    ],
)
def test_what_cannot_be_asked_for(bob_in, command, answer):
    bob_in.refused(command, answer)


def test_it_says_when_it_missed_something(live, other, bob, monkeypatch):
    client = live(bob.address)
    client.ok(f"NOTIFY SET (personal {MESSAGES})")
    real = folders.listing

    def away(account_id: int):
        raise Unavailable("The database is away.")

    monkeypatch.setattr(folders, "listing", away)
    other.append("Archive", letter())
    assert client.response().startswith(b"* OK [NOTIFICATIONOVERFLOW] ")
    monkeypatch.setattr(folders, "listing", real)
    client.ok("NOOP")
