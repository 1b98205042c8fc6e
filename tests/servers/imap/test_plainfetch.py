"""FETCH by column says what FETCH by message says."""

from __future__ import annotations

import pytest

from mailserver.services import messages
from mailserver.services.appending import Appended
from tests.support.mail import message as letter

ITEMS = ("UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE", "MODSEQ")


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


@pytest.mark.parametrize("numbers", ["1:*", "1,3,6", "5"])
@pytest.mark.parametrize("items", [ITEMS, ITEMS[1:2], ITEMS[2:]], ids=["all", "flags", "rest"])
def test_it_says_the_same(client, numbers, items):
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
