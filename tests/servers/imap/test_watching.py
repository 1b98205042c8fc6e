"""What one session does, another sees: at its next command, and never in the wrong moment."""

from __future__ import annotations

from mailserver.servers.imap import updates
from mailserver.services import selection
from mailserver.store import bell
from tests.support.mail import message as letter

_changes = selection.changes


def test_new_mail_comes_with_the_next_command(bob_in, watcher):
    other = watcher()
    bob_in.append("INBOX", letter())
    assert other.ok("NOOP")[0] == b"1 EXISTS"


def test_flags(bob_in, watcher):
    bob_in.append("INBOX", letter())
    other = watcher()
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("STORE 1 +FLAGS (\\Flagged $Forwarded Travel)") == [
        b"FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft Travel)",
        b"1 FETCH (FLAGS (\\Flagged $Forwarded Travel))",
    ]
    assert bob_in.ok("NOOP") == []
    assert other.ok("NOOP")[-1].startswith(b"1 FETCH (FLAGS (\\Flagged $Forwarded Travel")


def test_silent_means_silent_here_and_not_there(bob_in, watcher):
    bob_in.append("INBOX", letter())
    other = watcher()
    bob_in.ok("SELECT INBOX")
    assert bob_in.ok("STORE 1 FLAGS.SILENT (\\Seen)") == []
    assert bob_in.ok("NOOP") == []
    assert other.ok("CHECK") == [b"1 FETCH (FLAGS (\\Seen \\Recent))"]


def test_expunges_wait_for_the_right_moment(bob_in, watcher):
    for _ in range(3):
        bob_in.append("INBOX", letter())
    other = watcher()
    bob_in.ok("SELECT INBOX")
    bob_in.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    assert bob_in.ok("EXPUNGE") == [b"1 EXPUNGE"]
    # By number: the numbers must not move under the command's feet.
    assert other.ok("FETCH 2:3 UID") == [b"2 FETCH (UID 2)", b"3 FETCH (UID 3)"]
    assert not any(b"EXPUNGE" in line for line in other.ok("SEARCH ALL") + other.ok("STORE 3 +FLAGS (\\Seen)"))
    assert other.ok("NOOP") == [b"1 EXPUNGE"]
    assert other.ok("FETCH 1:2 UID") == [b"1 FETCH (UID 2)", b"2 FETCH (UID 3)"]


def test_vanished_instead_of_expunge(bob_in, watcher):
    for _ in range(5):
        bob_in.append("INBOX", letter())
    other = watcher()
    other.ok("ENABLE QRESYNC")
    bob_in.ok("SELECT INBOX")
    bob_in.ok("STORE 1:3,5 +FLAGS.SILENT (\\Deleted)")
    bob_in.ok("EXPUNGE")
    assert b"VANISHED 1:3,5" in other.ok("NOOP")


def test_a_mailbox_of_which_nothing_was_heard_is_not_asked_about(bob_in, ports, monkeypatch):
    bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    while not ports.site.hub.hears:
        bob_in.ok("NOOP")
    bob_in.ok("FETCH 1 FLAGS")
    asked = []
    monkeypatch.setattr(updates, "_TRUSTED", 3600)
    monkeypatch.setattr(selection, "changes", lambda **values: asked.append(values) or _changes(**values))
    for command in ("FETCH 1 FLAGS", "SEARCH ALL", "STORE 1 +FLAGS (\\Seen)", "UID FETCH 1 ENVELOPE"):
        bob_in.ok(command)
    assert asked == []
    bob_in.ok("NOOP")
    assert len(asked) == 1


def test_what_the_bell_told_comes_with_the_next_fetch(bob_in, watcher, bob, ports, monkeypatch):
    monkeypatch.setattr(updates, "_TRUSTED", 3600)
    bob_in.append("INBOX", letter())
    other = watcher()
    while not ports.site.hub.hears:
        other.ok("NOOP")
    bob_in.ok("SELECT INBOX")
    bob_in.ok("STORE 1 +FLAGS (\\Flagged)")
    # Inside the test's transaction nobody rings by himself.
    bell.ring(bob.pk, {bob.mailboxes.get(special_use="inbox").pk: 1000})
    told = []
    while not told:
        told = [line for line in other.ok("FETCH 1 UID") if b"\\Flagged" in line]
    assert told == [b"1 FETCH (FLAGS (\\Flagged \\Recent))"]
