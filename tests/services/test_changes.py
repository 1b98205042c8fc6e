from __future__ import annotations

import pytest

from mailserver.errors import NotFound
from mailserver.services import changes, mailboxes, messages
from mailserver.store.models import Change
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered


def modseq(place) -> int:
    return mailboxes.get(place.account_id, place.mailbox_id).highestmodseq


def test_it_tells_what_came_changed_and_left(alice):
    old, other = delivered(alice, subject="Old"), delivered(alice, subject="Other")
    known = modseq(old)
    messages.set_flags(account_id=alice.pk, mailbox_id=old.mailbox_id, uids=[old.uid], add=Flag.FLAGGED)
    delivered(alice, subject="New")
    messages.expunge(account_id=alice.pk, mailbox_id=other.mailbox_id, uids=[other.uid])
    found = changes.since(alice.pk, old.mailbox_id, known)
    assert [line.subject for line in found.lines] == ["New", "Old"]
    assert len(found.gone) == 1
    assert found.complete
    assert found.modseq == modseq(old)
    assert changes.since(alice.pk, old.mailbox_id, found.modseq).lines == []


def test_it_says_when_a_reader_was_away_too_long(alice):
    place = delivered(alice)
    known = modseq(place)
    delivered(alice)
    Change.objects.filter(mailbox_id=place.mailbox_id, modseq__gt=known).delete()
    delivered(alice)
    assert not changes.since(alice.pk, place.mailbox_id, known).complete


def test_it_says_when_there_is_too_much_to_tell(alice, monkeypatch):
    place = delivered(alice)
    monkeypatch.setattr(changes, "MOST", 2)
    known = modseq(place)
    for _ in range(3):
        delivered(alice)
    assert not changes.since(alice.pk, place.mailbox_id, known).complete


def test_it_tells_nobody_about_folders_of_others(alice, charlie):
    with pytest.raises(NotFound):
        changes.since(charlie.pk, delivered(alice).mailbox_id, 0)
