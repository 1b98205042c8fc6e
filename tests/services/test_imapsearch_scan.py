"""Few and many are found in two ways, which find the same."""

from __future__ import annotations

import pytest

from mailserver.mail.searchkeys import And, HasFlag, HeaderHas, TextHas, Uids
from mailserver.services import imapsearch_scan, messages, searchindex
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message

KEYS = [
    HeaderHas("SUBJECT", "etter 1"),
    HeaderHas("FROM", "bob"),
    And((HasFlag("\\Seen"), HeaderHas("SUBJECT", "letter"))),
    And((Uids(((2, 4), (9, 9))), HeaderHas("SUBJECT", "LETTER"))),
    TextHas("etter"),
    HeaderHas("SUBJECT", "50%_off\\"),
]
FOUND = [[2, 11, 12], [*range(1, 13)], [1, 4, 7, 10], [2, 3, 4, 9], [*range(1, 13)], [13]]


@pytest.mark.parametrize(("key", "found"), list(zip(KEYS, FOUND, strict=True)), ids=list(map(str, KEYS)))
@pytest.mark.parametrize("few", [0, 1000], ids=["together", "one-by-one"])
def test_both_ways_find_the_same(alice, bob, inbox, put, find, monkeypatch, key, found, few):
    monkeypatch.setattr(imapsearch_scan, "_FEW", few)
    monkeypatch.setattr(imapsearch_scan, "_SHARE", 10**6)
    for number in range(12):
        put(subject=f"Letter {number}", flags=0 if number % 3 else Flag.SEEN)
    put(b"From: charlie@hamburger.edu\r\nSubject: now 50%_off\\ it\r\n\r\n")
    other = bob.mailboxes.get(special_use="inbox")
    messages.append(account_id=bob.pk, mailbox_id=other.pk, raw=message(subject="Letter 1"))
    archive = alice.mailboxes.get(special_use="archive")
    messages.copy(account_id=alice.pk, mailbox_id=inbox.pk, uids=[1, 2], target_id=archive.pk)
    while searchindex.index():
        continue
    assert find(key) == found
