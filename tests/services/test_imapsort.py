from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailserver.errors import NotFound
from mailserver.services import imapsort, messages
from tests.support.mail import message

pytestmark = pytest.mark.django_db
START = datetime(2026, 11, 23, tzinfo=UTC)

# sender, to, cc, subject, Date, hours after START it came
LETTERS = {
    1: ("Zoe <b@x.pt>", "Yan <yan@x.pt>", "", "Re: menu", "Mon, 23 Nov 2026 10:00:00 +0000", 3),
    2: ("a@y.pt", "zed@x.pt", "Carl <carl@x.pt>", "Wine", "Mon, 23 Nov 2026 11:00:00 +0300", 2),
    3: ("Élodie <C@x.pt>", "", "bert@x.pt", "Menu", "never", 1),
    4: ("Adam <B@w.pt>", "Abel <zed@x.pt>", "", "Fwd: [x] Bread", "Mon, 23 Nov 2026 07:00:00 +0000", 0),
}


@pytest.fixture
def inbox(alice):
    box = alice.mailboxes.get(special_use="inbox")
    for sender, to, cc, subject, sent, hours in LETTERS.values():
        raw = message(sender=sender, to=to, subject=subject, extra=f"Cc: {cc}\r\n" if cc else "")
        raw = raw.replace(b"Mon, 23 Nov 2026 10:00:00 +0000", sent.encode()) + b"." * hours
        messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=raw, at=START + timedelta(hours=hours))
    return box


@pytest.mark.parametrize(
    ("criteria", "expected"),
    [
        ([("ARRIVAL", False)], [4, 3, 2, 1]),
        ([("ARRIVAL", True)], [1, 2, 3, 4]),
        ([("DATE", False)], [3, 4, 2, 1]),
        ([("FROM", False)], [2, 1, 4, 3]),
        ([("FROM", True)], [3, 1, 4, 2]),
        ([("TO", False)], [3, 1, 2, 4]),
        ([("CC", False)], [1, 4, 3, 2]),
        ([("SUBJECT", False)], [4, 1, 3, 2]),
        ([("DISPLAYFROM", False)], [2, 4, 3, 1]),
        ([("DISPLAYTO", False)], [3, 4, 1, 2]),
        ([("SUBJECT", False), ("ARRIVAL", False)], [4, 3, 1, 2]),
        ([("SUBJECT", True), ("DATE", True)], [2, 1, 3, 4]),
        ([], [1, 2, 3, 4]),
    ],
)
def test_it_sorts(alice, inbox, criteria, expected):
    assert imapsort.ordered(alice.pk, inbox.pk, [4, 2, 3, 1, 99], criteria) == expected


def test_it_sorts_by_size(alice, inbox):
    sizes = {entry.uid: entry.message.size for entry in inbox.entries.select_related("message")}
    found = imapsort.ordered(alice.pk, inbox.pk, [2, 3, 4], [("SIZE", True)])
    assert found == sorted([2, 3, 4], key=lambda uid: -sizes[uid])


def test_it_reads_in_pieces(alice, inbox, monkeypatch):
    monkeypatch.setattr(imapsort, "PIECE", 1)
    assert imapsort.ordered(alice.pk, inbox.pk, [1, 3, 4], [("ARRIVAL", False)]) == [4, 3, 1]


def test_another_persons_folder_is_not_there(bob, inbox):
    with pytest.raises(NotFound):
        imapsort.ordered(bob.pk, inbox.pk, [1], [("SIZE", False)])
