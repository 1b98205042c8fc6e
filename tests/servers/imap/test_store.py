"""STORE and its flags; keywords are the labels of the page."""

from __future__ import annotations

import pytest

from mailserver.services import flags as services
from mailserver.services import messages
from mailserver.store.models import Label, MailboxMessage
from tests.support.mail import message as letter


@pytest.fixture
def two(bob_in):
    bob_in.append("INBOX", letter())
    bob_in.append("INBOX", letter(), "\\Seen")
    bob_in.ok("SELECT INBOX")
    bob_in.ok("SELECT INBOX")
    return bob_in


def test_add_remove_replace(two, watcher):
    other = watcher()
    assert two.ok("STORE 1 +FLAGS (\\Flagged \\Draft)") == [b"1 FETCH (FLAGS (\\Flagged \\Draft))"]
    assert two.ok("STORE 1 -FLAGS \\Draft") == [b"1 FETCH (FLAGS (\\Flagged))"]
    assert two.ok("STORE 1:2 FLAGS (\\Answered)") == [
        b"1 FETCH (FLAGS (\\Answered))",
        b"2 FETCH (FLAGS (\\Answered))",
    ]
    assert two.ok("UID STORE 2 FLAGS ()") == [b"2 FETCH (UID 2 FLAGS ())"]
    assert other.ok("NOOP") == [b"1 FETCH (FLAGS (\\Answered))", b"2 FETCH (FLAGS ())"]


def test_flags_that_were_so_already_are_told_too(two):
    """RFC 9051 §6.4.6: the answer is that of a FETCH."""
    assert two.ok("STORE 1:2 +FLAGS (\\Seen)") == [b"1 FETCH (FLAGS (\\Seen))", b"2 FETCH (FLAGS (\\Seen))"]
    assert two.ok("STORE 2 +FLAGS (\\Seen)") == [b"2 FETCH (FLAGS (\\Seen))"]
    assert two.ok("UID STORE 2 +FLAGS (\\Seen)") == [b"2 FETCH (UID 2 FLAGS (\\Seen))"]
    assert two.ok("STORE 2 +FLAGS.SILENT (\\Seen)") == []


def test_silence_does_not_swallow_what_others_did(two, watcher):
    other = watcher()
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    assert two.ok("STORE 1 +FLAGS.SILENT (\\Answered)") == [b"1 FETCH (FLAGS (\\Answered \\Flagged))"]
    assert two.ok("STORE 1 +FLAGS.SILENT (\\Draft)") == []


def test_keywords_are_labels(two, watcher, bob):
    other = watcher()
    assert two.ok("STORE 1 +FLAGS (Travel $MDNSent)") == [
        b"FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Travel)",
        b"1 FETCH (FLAGS ($MDNSent Travel))",
    ]
    label = Label.objects.get(account=bob)
    assert (label.keyword, label.shown) == ("Travel", True)
    assert other.ok("NOOP") == [
        b"FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Travel)",
        b"1 FETCH (FLAGS ($MDNSent Travel))",
    ]
    # What the page does.
    entry = MailboxMessage.objects.get(uid=2)
    messages.set_label(account_id=bob.pk, mailbox_id=entry.mailbox_id, uids=[2], label_id=label.pk, on=True)
    assert two.ok("NOOP") == [b"2 FETCH (FLAGS (\\Seen Travel))"]
    assert two.ok("STORE 1 -FLAGS (travel)") == [b"1 FETCH (FLAGS ($MDNSent))"]
    assert b"Travel" in two.ok("SELECT INBOX")[0]


def test_flags_that_cannot_be_set(two, monkeypatch):
    two.refused("STORE 1 +FLAGS (\\Recent)", rb"BAD .*")
    two.refused("STORE 1 +FLAGS (\\Loved)", rb"BAD .*")
    two.refused("STORE 3 +FLAGS (\\Seen)", rb"BAD .*")
    two.refused(f"STORE 1 +FLAGS ({'k' * 201})", rb"NO \[CANNOT\] .*")
    monkeypatch.setattr(services, "MAX_KEYWORDS", 1)
    two.refused("STORE 1 +FLAGS (One Two)", rb"NO \[LIMIT\] .*")
    assert two.ok("FETCH 1 FLAGS") == [b"1 FETCH (FLAGS ())"]


def test_uids_that_are_gone_are_passed_over(two):
    assert two.ok("UID STORE 7:9 +FLAGS (\\Seen)") == []
