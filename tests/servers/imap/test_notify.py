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
    return rb"\* STATUS %b \(MESSAGES %d UIDNEXT %d UIDVALIDITY \d+ UNSEEN %d\)" % (
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
    told = client.response()
    assert told.startswith(b"* 1 FETCH (UID 1 BODY[HEADER.FIELDS (SUBJECT)] {")
    assert b"Subject: Pears" in told
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    assert client.response().startswith(b"* 1 FETCH (UID 1 FLAGS (\\Deleted")
    other.ok("EXPUNGE")
    assert client.response() == b"* 1 EXPUNGE"


def test_after_none_nothing_is_told(live, other, bob):
    """Not at the end of commands either, until NOTIFY SET brings it all at once (RFC 5465 §3.1)."""
    for _ in range(3):
        other.append("INBOX", letter())
    client = live(bob.address, "INBOX")
    assert client.ok("NOTIFY NONE") == []
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    other.ok("STORE 2 +FLAGS (\\Deleted)")
    other.ok("EXPUNGE")
    delivered(bob)
    client.expect_silence(0.3)
    assert client.ok("NOOP") == []
    assert len(client.ok("FETCH 1:* UID")) == 3
    told = client.ok("NOTIFY SET (selected NONE)")
    assert told[:3] == [b"2 EXPUNGE", b"3 EXISTS", b"3 RECENT"]
    assert {line.split()[0] for line in told[3:]} == {b"1", b"3"}
    delivered(bob)
    client.expect_silence(0.3)
    assert client.ok("NOOP") == []


def test_what_the_client_does_itself_is_told_after_none(live, bob):
    client = live(bob.address)
    client.append("INBOX", letter())
    client.ok("SELECT INBOX")
    client.ok("NOTIFY NONE")
    assert client.ok("STORE 1 +FLAGS (\\Deleted)") == [b"1 FETCH (FLAGS (\\Deleted \\Recent))"]
    assert client.ok("EXPUNGE") == [b"1 EXPUNGE"]


def test_what_the_client_puts_there_itself_is_not_fetched_for_it(live, bob):
    """RFC 5465 §5.2: no FETCH for what came by APPEND or COPY on this connection."""
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (UID BODY.PEEK[]) MessageExpunge FlagChange))")
    said = [*client.append("INBOX", letter()), *client.ok("COPY 1 INBOX"), *client.ok("MOVE 1 INBOX")]
    assert {b"1 EXISTS", b"2 EXISTS", b"1 EXPUNGE"} <= {line.removeprefix(b"* ") for line in said}
    assert not [line for line in said if b"BODY[" in line]
    client.expect_silence(0.3)


def test_idle_tells_the_same(live, other, bob):
    """RFC 5465 §4: exactly the events of NOTIFY."""
    other.append("INBOX", letter())
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (UID) MessageExpunge)) (mailboxes Archive (MessageNew MessageExpunge))")
    client.send("i1 IDLE")
    assert client.response().startswith(b"+ ")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    client.expect_silence(0.3)
    delivered(bob)
    assert [client.response() for _ in range(3)] == [b"* 2 EXISTS", b"* 2 RECENT", b"* 2 FETCH (UID 2)"]
    other.append("Archive", letter())
    assert re.fullmatch(status("Archive", 1, 2, 1), client.response())
    client.send("DONE")
    assert client.response().startswith(b"i1 OK")


def test_new_messages_that_a_command_finds(live, other, bob):
    """The same is told whether the bell or the end of a command brings it."""
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew (UID) MessageExpunge))")
    told = []
    for _ in range(5):
        other.append("INBOX", letter())
        told += [line for line in client.ok("NOOP") if line.endswith(b"(UID %d)" % (len(told) + 1))]
        if len(told) < _ + 1:
            while not (line := client.response().removeprefix(b"* ")).endswith(b"(UID %d)" % (_ + 1)):
                assert line.endswith((b"EXISTS", b"RECENT"))
            told.append(line)
    assert told == [b"%d FETCH (UID %d)" % (number, number) for number in range(1, 6)]


def test_flags_that_were_not_told_come_when_they_are_wanted(live, other, bob):
    other.append("INBOX", letter())
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew MessageExpunge))")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    client.expect_silence(0.3)
    assert client.ok("NOOP") == []
    told = client.ok(f"NOTIFY SET (selected {MESSAGES})")
    assert told == [b"1 FETCH (UID 1 FLAGS (\\Flagged \\Recent))"] or told == [b"1 FETCH (UID 1 FLAGS (\\Flagged))"]


def test_with_selected_expunges_are_told_behind_any_command(live, other, bob):
    """Numbers may change at any time (RFC 5465 §5.3)."""
    for _ in range(2):
        other.append("INBOX", letter())
    client = live(bob.address, "INBOX")
    client.ok("NOTIFY SET (selected (MessageNew MessageExpunge))")
    other.ok("SELECT INBOX")
    other.ok("STORE 1 +FLAGS (\\Deleted)")
    other.ok("EXPUNGE")
    assert client.response() == b"* 1 EXPUNGE"
    assert client.ok("FETCH 1 UID") == [b"1 FETCH (UID 2)"]


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


def test_flags_of_other_mailboxes(live, other, bob):
    """Without CONDSTORE only UNSEEN says something of flags; with it HIGHESTMODSEQ (RFC 5465 §5.1)."""
    other.append("Archive", letter())
    client, knowing = live(bob.address), live(bob.address)
    client.ok(f"NOTIFY SET (mailboxes Archive {MESSAGES})")
    knowing.ok("ENABLE CONDSTORE")
    knowing.ok(f"NOTIFY SET (mailboxes Archive {MESSAGES})")
    other.ok("SELECT Archive")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    said = knowing.response()
    assert re.fullmatch(status("Archive", 1, 2, 1)[:-2] + rb" HIGHESTMODSEQ \d+\)", said)
    client.expect_silence(0.3)


def test_a_folder_that_comes_with_messages(live, other, bob):
    other.append("INBOX", letter())
    client = live(bob.address)
    client.ok(f"NOTIFY SET (personal {MESSAGES})")
    other.ok("RENAME INBOX Old")
    told = sorted(client.response() for _ in range(2))
    assert re.fullmatch(status("INBOX", 0, 2, 0), told[0])
    assert re.fullmatch(status("Old", 1, 2, 1), told[1])


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


def test_all_groups_that_hold_a_mailbox_count(live, other, bob):
    """The example of RFC 5465 §6."""
    client = live(bob.address)
    client.ok("NOTIFY SET (mailboxes Archive (MessageNew MessageExpunge)) (personal (SubscriptionChange))")
    other.append("Archive", letter())
    assert re.fullmatch(status("Archive", 1, 2, 1), client.response())
    other.ok("UNSUBSCRIBE Archive")
    assert client.response() == rb'* LIST (\HasNoChildren \Archive) "/" Archive'
    other.append("Sent", letter())
    client.expect_silence(0.3)


def test_a_group_that_says_none_wins(live, other, bob):
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
    assert re.fullmatch(status("Archive", 1, 2, 0)[:-2] + rb" HIGHESTMODSEQ \d+\)", b"* " + told[0])
    told = client.ok("NOTIFY SET STATUS (mailboxes (Archive Sent) (MessageNew MessageExpunge))")
    assert re.fullmatch(status("Archive", 1, 2, 0), b"* " + told[0])


@pytest.mark.parametrize(
    ("command", "answer"),
    [
        (
            "NOTIFY SET (personal (AnnotationChange MessageNew MessageExpunge))",
            rb"NO \[BADEVENT \(FlagChange .*\)\] .*",
        ),
        (
            "NOTIFY SET (personal (Earthquake))",
            rb"NO \[BADEVENT \(FlagChange MailboxName MessageExpunge MessageNew SubscriptionChange\)\] .*",
        ),
        ("NOTIFY SET (personal (FlagChange))", rb"BAD .*"),
        ("NOTIFY SET (selected NONE) (selected-delayed NONE)", rb"BAD .*"),
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
    other.append("Archive", letter())
    client.expect_silence(0.3)
    client.ok("NOOP")
