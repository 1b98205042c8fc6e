"""FETCH by column says what FETCH by message says."""

from __future__ import annotations

import pytest

from mailserver.servers.imap import plainfetch
from mailserver.services import flagpicture, flags, messages
from mailserver.services.appending import Appended
from tests.support.mail import message as letter

ITEMS = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "MODSEQ")
ROWS = ("ENVELOPE", "BODY", "BODYSTRUCTURE", "EMAILID", "THREADID", "SAVEDATE")


@pytest.fixture
def client(bob_in, bob):
    """Seven messages, some with keywords, some recent, the fourth gone."""
    box = bob.mailboxes.get(special_use="inbox")
    messages.append_all(bob.pk, box.pk, [Appended(letter(subject=f"Letter {n}")) for n in range(5)])
    bob_in.ok("SELECT INBOX")
    bob_in.ok("STORE 1,3 +FLAGS (\\Seen recipe)")
    bob_in.ok("STORE 2 +FLAGS (batter recipe)")
    bob_in.ok("STORE 4 +FLAGS (\\Deleted)")
    bob_in.ok("EXPUNGE")
    bob_in.ok("UNSELECT")
    bob_in.ok("SELECT INBOX")
    messages.append_all(bob.pk, box.pk, [Appended(letter()) for _ in range(2)])
    bob_in.ok("NOOP")
    return bob_in


@pytest.mark.parametrize("pictured", [False, True], ids=["read", "pictured"])
@pytest.mark.parametrize("numbers", ["1:*", "1,3,6", "5"])
@pytest.mark.parametrize(
    "items",
    [ITEMS, ITEMS[1:2], ITEMS[:4], ITEMS[2:], ROWS, (*ITEMS, *ROWS)],
    ids=["all", "flags", "most", "rest", "rows", "both"],
)
def test_it_says_the_same(client, numbers, items, pictured, monkeypatch):
    monkeypatch.setattr(plainfetch, "_MANY", 1 if pictured else 1000)
    plain = client.ok(f"FETCH {numbers} ({' '.join(items)})")
    # A preview is no column.
    whole = client.ok(f"FETCH {numbers} ({' '.join(items)} PREVIEW)")
    assert plain == [line[: line.index(b" PREVIEW")] + b")" for line in whole]
    assert len(plain) == {"1:*": 6, "1,3,6": 3, "5": 1}[numbers]


def test_recent_messages_and_keywords_are_among_them(client):
    assert client.ok("FETCH 1:* FLAGS") == [
        b"1 FETCH (FLAGS (\\Seen recipe))",
        b"2 FETCH (FLAGS (recipe batter))",
        b"3 FETCH (FLAGS (\\Seen recipe))",
        b"4 FETCH (FLAGS ())",
        b"5 FETCH (FLAGS (\\Recent))",
        b"6 FETCH (FLAGS (\\Recent))",
    ]


def test_flags_of_the_picture_are_those_of_now(client, bob, monkeypatch):
    monkeypatch.setattr(plainfetch, "_MANY", 1)
    box = bob.mailboxes.get(special_use="inbox")
    client.ok("FETCH 1:* FLAGS")
    flags.store(bob.pk, box.pk, ((2, 2),), names=["\\Answered"], mode="add")
    messages.append_all(bob.pk, box.pk, [Appended(letter())])
    messages.expunge(account_id=bob.pk, mailbox_id=box.pk, uids=[1])
    assert client.ok("UID FETCH 2:3 FLAGS")[:2] == [
        b"2 FETCH (UID 2 FLAGS (\\Answered recipe batter))",
        b"3 FETCH (UID 3 FLAGS (\\Seen recipe))",
    ]
    assert flagpicture._pictures.get(box.pk).uids.tolist() == [2, 3, 5, 6, 7, 8]
