"""A search by flags alone finds the same in the kept flags as in the table."""

from __future__ import annotations

import pytest

from mailserver.mail.searchkeys import All, And, HasFlag, HeaderHas, Not, Or, Uids
from mailserver.services import flags, imapsearch_flags
from mailserver.store.models.mailbox import Flag

KEYS = [
    HasFlag("\\Seen"),
    HasFlag("\\SEEN", False),
    HasFlag("recipe"),
    HasFlag("RECIPE", False),
    HasFlag("nobodyhasit"),
    HasFlag("nobodyhasit", False),
    And((HasFlag("\\Seen"), Not(HasFlag("$Junk")))),
    Or(HasFlag("recipe"), HasFlag("\\Flagged")),
    Not(Or(HasFlag("recipe"), And((All(), HasFlag("\\Seen"))))),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_it_finds_the_same(alice, inbox, put, find, monkeypatch, key):
    for bits in (0, Flag.SEEN, Flag.FLAGGED, Flag.SEEN | Flag.JUNK, 0, Flag.SEEN):
        put(flags=bits)
    flags.store(alice.pk, inbox.pk, ((2, 3), (5, 5)), names=["recipe"], mode="add")
    found = find(key)
    monkeypatch.setattr(imapsearch_flags, "LEAST", 0)
    assert imapsearch_flags.fits(6, key)
    assert find(key) == imapsearch_flags.find(alice.pk, inbox.pk, key) == found


@pytest.mark.parametrize("key", [Uids(((1, 2),)), And((HasFlag("\\Seen"), HeaderHas("SUBJECT", "a")))], ids=str)
def test_other_keys_are_not_for_it(key):
    assert not imapsearch_flags.fits(100_000, key)


def test_small_folders_and_those_that_fill_the_memory_are_not_for_it():
    assert [imapsearch_flags.fits(total, KEYS[0]) for total in (999, 1000, 3_000_000)] == [False, True, False]
