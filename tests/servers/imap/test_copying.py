"""COPY, MOVE, EXPUNGE and UID EXPUNGE: UIDPLUS tells what became of what."""

from __future__ import annotations

import re

import pytest

from mailserver.store.models import SpamLesson
from tests.support.mail import message as letter


@pytest.fixture
def five(bob_in):
    """Bob with five messages in INBOX, selected."""
    for number in range(5):
        bob_in.append("INBOX", letter(subject=f"Number {number + 1}"))
    bob_in.ok("SELECT INBOX")
    return bob_in


def validity(client, mailbox: str) -> int:
    (line,) = client.ok(f"STATUS {mailbox} (UIDVALIDITY)")
    return int(re.search(rb"UIDVALIDITY (\d+)", line)[1])


def test_copy(five, connect, bob):
    other = connect(bob.address, "Archive")
    five.ok("STORE 2 +FLAGS.SILENT (\\Seen Travel)")
    done = five.do("COPY 2,4:5 Archive")[-1]
    assert done == b"OK [COPYUID %d 2,4:5 1:3] Copied." % validity(five, "Archive")
    assert other.ok("NOOP")[0] == b"3 EXISTS"
    assert other.ok("FETCH 1 FLAGS") == [b"1 FETCH (FLAGS (\\Seen Travel \\Recent))"]
    assert five.ok("NOOP") == []


def test_uid_copy_passes_over_what_is_not_there(five):
    done = five.do("UID COPY 5,77:99 Archive")[-1]
    assert done == b"OK [COPYUID %d 5 1] Copied." % validity(five, "Archive")
    assert five.do("UID COPY 77 Archive") == [b"OK Copied."]
    five.refused("COPY 6 Archive", rb"BAD .*")


@pytest.mark.parametrize("command", ["COPY", "MOVE"])
def test_nowhere(five, command):
    five.refused(f"{command} 1 Nowhere", rb"NO \[TRYCREATE\] .*")
    assert five.ok("UID SEARCH ALL") == [b"SEARCH 1 2 3 4 5"]


def test_move(five, watcher, connect, bob):
    here, there = watcher(), connect(bob.address, "Archive")
    told = five.ok("MOVE 2:3 Archive")
    assert told == [b"OK [COPYUID %d 2:3 1:2] Moved." % validity(five, "Archive"), b"3 EXPUNGE", b"2 EXPUNGE"]
    assert here.ok("NOOP") == [b"3 EXPUNGE", b"2 EXPUNGE"]
    assert there.ok("NOOP")[0] == b"2 EXISTS"
    assert five.ok("UID SEARCH ALL") == here.ok("UID SEARCH ALL") == [b"SEARCH 1 4 5"]


def test_uid_move_with_qresync(five):
    five.ok("ENABLE QRESYNC")
    *told, done = five.do("UID MOVE 1,5 Archive")
    assert told[0].startswith(b"* OK [COPYUID ")
    assert told[1] == b"* VANISHED 1,5"
    assert re.fullmatch(rb"OK \[HIGHESTMODSEQ \d+\] Moved\.", done)


def test_expunge(five, watcher):
    other = watcher()
    five.ok("STORE 1,3:4 +FLAGS.SILENT (\\Deleted)")
    assert five.ok("EXPUNGE") == [b"4 EXPUNGE", b"3 EXPUNGE", b"1 EXPUNGE"]
    assert five.ok("EXPUNGE") == []
    assert [line for line in other.ok("NOOP") if b"EXPUNGE" in line] == [b"4 EXPUNGE", b"3 EXPUNGE", b"1 EXPUNGE"]


def test_uid_expunge_takes_only_these(five, watcher):
    five.ok("STORE 1:3 +FLAGS.SILENT (\\Deleted)")
    assert five.ok("UID EXPUNGE 2:3,5") == [b"3 EXPUNGE", b"2 EXPUNGE"]
    assert watcher().ok("FETCH 1:* (UID FLAGS)") == [
        b"1 FETCH (UID 1 FLAGS (\\Deleted))",
        b"2 FETCH (UID 4 FLAGS ())",
        b"3 FETCH (UID 5 FLAGS ())",
    ]


def test_what_is_gone_for_others_can_still_be_read(five, watcher):
    """RFC 2180 §4.1: numbers stay until the client hears of it, and so does what they stand for."""
    other = watcher()
    five.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    five.ok("EXPUNGE")
    (told,) = other.ok("FETCH 2 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])")[:1]
    assert b"UID 2" in told
    assert b"Subject: Number 2" in told
    assert b"2 EXPUNGE" not in b"".join(other.ok("FETCH 2:3 UID"))
    assert other.ok("NOOP") == [b"2 EXPUNGE"]


@pytest.mark.parametrize("command", ["MOVE 1 Spam", "UID MOVE 1 Spam", "COPY 1 Spam", "STORE 1 +FLAGS ($Junk)"])
def test_what_is_called_spam_teaches(five, command):
    five.ok(command)
    assert [lesson.wanted for lesson in SpamLesson.objects.all()] == [SpamLesson.Kind.SPAM]


def test_and_taking_it_back_too(five):
    five.ok("MOVE 1 Spam")
    five.ok("SELECT Spam")
    five.ok("STORE 1 +FLAGS ($NotJunk)")
    assert [lesson.wanted for lesson in SpamLesson.objects.all()] == [SpamLesson.Kind.NOTHING]
