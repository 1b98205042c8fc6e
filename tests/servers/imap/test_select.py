from __future__ import annotations

import re

from tests.support.mail import message as letter


def test_select_tells_all_there_is_to_know(bob_in, connect, bob):
    bob_in.append("INBOX", letter())
    bob_in.append("INBOX", letter(), "\\Seen")
    told = bob_in.ok("SELECT INBOX")
    joined = b"\n".join(told)
    assert told[0] == b"FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)"
    for line in (rb"2 EXISTS", rb"2 RECENT", rb"OK \[UNSEEN 1\] .*", rb"OK \[UIDNEXT 3\] .*"):
        assert re.search(rb"^%s$" % line, joined, re.MULTILINE), line
    assert b"OK [PERMANENTFLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*)]" in joined
    assert bob_in.do("SELECT INBOX")[-1] == b"OK [READ-WRITE] Selected."


def test_only_the_first_session_is_told_of_recent_messages(bob_in, watcher):
    bob_in.append("INBOX", letter())
    assert b"1 RECENT" in bob_in.ok("EXAMINE INBOX")
    assert b"1 RECENT" in bob_in.ok("SELECT INBOX")
    assert b"0 RECENT" in watcher().ok("SELECT INBOX")


def test_a_message_is_recent_for_the_session_that_is_told_first(bob_in, watcher):
    """RFC 3501 §2.3.2. Another one's claim in between does not make its message ours."""
    bob_in.ok("SELECT INBOX")
    other = watcher()
    for number, first, second in ((1, bob_in, other), (2, other, bob_in), (3, bob_in, other)):
        first.append("INBOX", letter())
        assert f"{number} EXISTS".encode() in second.ok("NOOP")
    assert bob_in.ok("SEARCH RECENT") == [b"SEARCH 1 3"]
    assert other.ok("SEARCH RECENT") == [b"SEARCH 2"]
    assert bob_in.ok("SEARCH OLD") == [b"SEARCH 2"]
    assert [b"Recent" in line for line in other.ok("FETCH 1:3 FLAGS")] == [False, True, False]
    assert bob_in.ok("STATUS INBOX (RECENT)") == [b"STATUS INBOX (RECENT 0)"]


def test_a_mailbox_that_is_not_there(bob_in):
    bob_in.ok("SELECT INBOX")
    bob_in.refused("SELECT Nowhere", rb"NO \[NONEXISTENT\] .*")
    bob_in.refused("FETCH 1 FLAGS", rb"BAD Select a mailbox first\.")


def test_another_accounts_mailbox_is_not_there(bob_in, connect, alice):
    connect(alice.address).ok("CREATE Crepes")
    bob_in.refused("SELECT Crepes", rb"NO \[NONEXISTENT\] .*")


def test_examine_changes_nothing(bob_in, watcher):
    bob_in.append("INBOX", letter())
    assert bob_in.do("EXAMINE INBOX")[-1] == b"OK [READ-ONLY] Selected."
    bob_in.ok("FETCH 1 BODY[]")
    bob_in.refused("STORE 1 +FLAGS \\Seen", rb"NO \[CANNOT\] .*")
    bob_in.refused("EXPUNGE", rb"NO \[CANNOT\] .*")
    bob_in.refused("MOVE 1 Trash", rb"NO \[CANNOT\] .*")
    assert watcher().ok("FETCH 1 FLAGS") == [b"1 FETCH (FLAGS (\\Recent))"]


def test_close_expunges_and_unselect_does_not(bob_in, watcher):
    for command, left in (("UNSELECT", b"1 EXISTS"), ("CLOSE", b"0 EXISTS")):
        bob_in.append("INBOX", letter(), "\\Deleted") if command == "UNSELECT" else None
        bob_in.ok("SELECT INBOX")
        assert bob_in.ok(command) == []
        assert left in watcher().ok("EXAMINE INBOX")


def test_qresync_catches_up(bob_in, watcher):
    """RFC 7162 §3.2.5: what vanished and what changed come with SELECT."""
    for _ in range(4):
        bob_in.append("INBOX", letter())
    told = b"\n".join(bob_in.ok("SELECT INBOX"))
    validity, modseq = (int(re.search(rb"\[%s (\d+)\]" % name, told)[1]) for name in (b"UIDVALIDITY", b"HIGHESTMODSEQ"))
    bob_in.ok("UNSELECT")
    other = watcher()
    other.ok("STORE 2 +FLAGS (\\Deleted)")
    other.ok("EXPUNGE")
    other.ok("STORE 1 +FLAGS (\\Flagged)")
    bob_in.ok("ENABLE QRESYNC")
    told = bob_in.ok(f"SELECT INBOX (QRESYNC ({validity} {modseq} 1:4))")
    assert b"VANISHED (EARLIER) 2" in told
    assert any(re.fullmatch(rb"1 FETCH \(UID 1 FLAGS \(\\Flagged[^)]*\) MODSEQ \(\d+\)\)", line) for line in told)
    assert bob_in.ok("NOOP") == []


def test_qresync_must_be_enabled(bob_in):
    bob_in.refused("SELECT INBOX (QRESYNC (1 1))", rb"BAD .*")
