"""UIDs are remembered exactly as long as they are the same."""

from __future__ import annotations

from array import array

import pytest

from mailserver.services import flags, messages, selection
from mailserver.services.uidcache import NOTHING, State, UidCache
from tests.support.mail import delivered


@pytest.fixture
def inbox(alice):
    for _ in range(3):
        delivered(alice)
    return alice.mailboxes.get(special_use="inbox")


def opened(alice):
    return selection.opened(alice.pk, "INBOX", read_only=True)


def test_sessions_share_the_uids_while_only_flags_change(alice, inbox):
    first = opened(alice)
    flags.store(alice.pk, inbox.pk, ((1, 2),), names=["\\Seen"], mode="add")
    again = opened(alice)
    assert again.uids is first.uids
    assert again.highestmodseq > first.highestmodseq


def test_new_mail_and_expunges_are_seen(alice, inbox):
    assert opened(alice).uids.tolist() == [1, 2, 3]
    delivered(alice)
    assert opened(alice).uids.tolist() == [1, 2, 3, 4]
    flags.store(alice.pk, inbox.pk, ((2, 2),), names=["\\Deleted"], mode="add")
    messages.expunge_deleted(alice.pk, inbox.pk, None)
    assert opened(alice).uids.tolist() == [1, 3, 4]


def test_those_not_asked_for_make_room():
    cache = UidCache(most=5)
    one, other = State(1, 1, 3, 2), State(2, 1, 4, 3)
    cache.keep("a", one, array("I", [1, 2]))
    cache.keep("b", other, array("I", [1, 2, 3]))
    assert cache.get("a", one) == array("I", [1, 2])
    cache.keep("c", one, array("I", [1, 2]))
    assert cache.state("b") is NOTHING
    assert cache.get("b", other) is None
    assert cache.get("a", other) is None
    assert cache.state("a") == cache.state("c") == one
