"""CONDSTORE and QRESYNC (RFC 7162)."""

from __future__ import annotations

import re

import pytest

from tests.support.mail import message as letter


def modseq_of(told: list[bytes]) -> int:
    return max(map(int, re.findall(rb"(?:HIGHESTMODSEQ |MODSEQ \()(\d+)", b"\n".join(told))))


@pytest.fixture
def three(bob_in):
    for _ in range(3):
        bob_in.append("INBOX", letter())
    bob_in.ok("SELECT INBOX")
    bob_in.ok("SELECT INBOX")
    return bob_in


@pytest.mark.parametrize(
    "command",
    [
        "ENABLE CONDSTORE",
        "ENABLE QRESYNC",
        "SELECT INBOX (CONDSTORE)",
        "STATUS INBOX (HIGHESTMODSEQ)",
        "FETCH 1 MODSEQ",
        "FETCH 1 FLAGS (CHANGEDSINCE 1)",
        "STORE 1 (UNCHANGEDSINCE 1) +FLAGS.SILENT (\\Seen)",
        "SEARCH MODSEQ 1",
    ],
)
def test_what_switches_it_on(three, command):
    """RFC 7162 §3.1: from then on every change of flags comes with its modseq."""
    assert b"MODSEQ" not in b"".join(three.ok("STORE 2 +FLAGS (\\Flagged)"))
    three.do(command)
    (told,) = three.ok("STORE 2 +FLAGS (\\Draft)")
    assert re.fullmatch(rb"2 FETCH \((UID 2 )?FLAGS \(\\Flagged \\Draft\) MODSEQ \(\d+\)\)", told)


def test_modseqs_rise_and_are_told_to_all(three, watcher):
    other = watcher()
    other.ok("ENABLE CONDSTORE")
    first = modseq_of(three.ok("SELECT INBOX (CONDSTORE)"))
    second = modseq_of(three.ok("STORE 2 +FLAGS (\\Seen)"))
    assert second > first
    assert other.ok("NOOP") == [b"2 FETCH (FLAGS (\\Seen) MODSEQ (%d))" % second]
    assert three.ok("STORE 1:3 +FLAGS.SILENT (\\Seen)") == [
        b"1 FETCH (MODSEQ (%d))" % (second + 1),
        b"3 FETCH (MODSEQ (%d))" % (second + 1),
    ]
    assert three.ok("STATUS INBOX (HIGHESTMODSEQ)") == [b"STATUS INBOX (HIGHESTMODSEQ %d)" % (second + 1)]
    assert three.ok(f"FETCH 1:3 (FLAGS) (CHANGEDSINCE {second})") == [
        b"1 FETCH (FLAGS (\\Seen) MODSEQ (%d))" % (second + 1),
        b"3 FETCH (FLAGS (\\Seen) MODSEQ (%d))" % (second + 1),
    ]


def test_reading_is_a_change_too(three):
    """RFC 7162 §3.2.4."""
    three.ok("ENABLE QRESYNC")
    (told,) = three.ok("FETCH 1 BODY[TEXT]")
    assert re.search(rb"1 FETCH \(UID 1 .* FLAGS \(\\Seen\) MODSEQ \(\d+\)\)\Z", told, re.DOTALL)


def test_unchanged_since(three, watcher):
    other = watcher()
    known = modseq_of(three.ok("FETCH 1:3 MODSEQ"))
    other.ok("STORE 2 +FLAGS (\\Flagged)")
    *told, done = three.do(f"STORE 1:3 (UNCHANGEDSINCE {known}) +FLAGS (\\Deleted)")
    assert done == b"OK [MODIFIED 2] Some had changed."
    numbers = [int(line.split()[1]) for line in told]
    assert sorted(numbers) == [1, 2, 3]
    assert b"\\Deleted" not in next(line for line in told if line.startswith(b"* 2 FETCH"))
    *_, done = three.do(f"UID STORE 1 (UNCHANGEDSINCE {known}) +FLAGS (\\Seen)")
    assert done == b"OK [MODIFIED 1] Some had changed."
    *_, done = three.do("STORE 1 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)")
    assert done == b"OK [MODIFIED 1] Some had changed."


def test_vanished_in_fetch(three, watcher):
    other = watcher()
    known = modseq_of(three.ok("FETCH 1:3 MODSEQ"))
    other.ok("STORE 2 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    three.refused(f"UID FETCH 1:* FLAGS (CHANGEDSINCE {known} VANISHED)", rb"BAD .*")
    three.ok("ENABLE QRESYNC")
    three.ok("NOOP")
    assert three.ok(f"UID FETCH 1:* FLAGS (CHANGEDSINCE {known} VANISHED)") == [b"VANISHED (EARLIER) 2"]
    assert three.ok(f"UID FETCH 3 FLAGS (CHANGEDSINCE {known} VANISHED)") == []
    three.refused(f"FETCH 1 FLAGS (CHANGEDSINCE {known} VANISHED)", rb"BAD .*")


def resync(client, validity: int, modseq: int, more: str = "", mailbox: str = "INBOX") -> list[bytes]:
    told = client.ok(f"SELECT {mailbox} (QRESYNC ({validity} {modseq}{more}))")
    return [line for line in told if line.startswith(b"VANISHED") or b" FETCH " in line]


def test_resync(three, watcher, connect, bob):
    told = three.ok("SELECT INBOX")
    validity = int(re.search(rb"UIDVALIDITY (\d+)", b"\n".join(told))[1])
    known = modseq_of(told)
    other = watcher()
    other.ok("STORE 1 +FLAGS.SILENT (\\Deleted)")
    other.ok("EXPUNGE")
    other.ok("UID STORE 3 +FLAGS.SILENT (\\Flagged)")
    client = connect(bob.address)
    client.ok("ENABLE QRESYNC")
    changed = b"2 FETCH (UID 3 FLAGS (\\Flagged) MODSEQ (%d))" % (known + 3)
    assert resync(client, validity, known) == [b"VANISHED (EARLIER) 1", changed]
    assert resync(client, validity, known, " 2:3") == [changed]
    assert resync(client, validity, known, " 1:2") == [b"VANISHED (EARLIER) 1"]
    # It knows that 1 is gone: 2 has the number 1 for it.
    assert resync(client, validity, known, " 1:3 (1 1)") == [b"VANISHED (EARLIER) 1", changed]
    assert resync(client, validity, known + 3) == []
    assert resync(client, validity + 1, known) == []
    assert client.ok("SELECT INBOX")[0] == b"OK [CLOSED] The mailbox before is closed."


def test_all_numbers_there_are_cost_nothing(three):
    """RFC 7162 §3.2.5.2: what a client claims to know is compared one by one, up to the first that is not so."""
    three.ok("ENABLE QRESYNC")
    told = three.ok("SELECT INBOX")
    validity = int(re.search(rb"UIDVALIDITY (\d+)", b"\n".join(told))[1])
    everything = "1:4294967295"
    assert resync(three, validity, 1, f" ({everything} {everything})") != []


@pytest.mark.parametrize("command", ["EXPUNGE", "CLOSE", "UID EXPUNGE 1"])
def test_expunges_tell_how_far_it_is(three, command):
    three.ok("ENABLE QRESYNC")
    known = modseq_of(three.ok("STORE 1 +FLAGS (\\Deleted)"))
    *told, done = three.do(command)
    assert done.startswith(b"OK [HIGHESTMODSEQ %d] " % (known + 1))
    assert told == ([] if command == "CLOSE" else [b"* VANISHED 1"])
