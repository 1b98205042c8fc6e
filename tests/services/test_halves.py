from __future__ import annotations

import pytest
from django.db import OperationalError
from psycopg.errors import DiskFull

from mailserver.services.halves import by_halves


def doubled(batch):
    if 13 in batch:
        raise ValueError("unlucky")
    return [2 * number for number in batch]


def excused(number, error):
    return f"{number}: {error}"


@pytest.mark.parametrize("place", range(7))
def test_it_takes_all_but_the_one_at_fault_in_their_order(db, place):
    batch = [1, 2, 3, 4, 5, 6]
    batch.insert(place, 13)
    assert by_halves(batch, doubled, excused) == [excused(13, "unlucky") if one == 13 else 2 * one for one in batch]


def test_it_asks_once_when_nothing_fails_and_never_for_nothing(db):
    asked = []
    assert by_halves(range(9), lambda batch: asked.append(len(batch)) or doubled(batch), excused) == [*range(0, 18, 2)]
    assert asked == [9]
    assert by_halves([], lambda batch: asked.append(batch) or [], excused) == []
    assert asked == [9]


def test_it_does_not_try_halves_when_the_disk_is_full(db):
    asked = []

    def full(batch):
        asked.append(len(batch))
        raise OperationalError("no room") from DiskFull()

    with pytest.raises(OperationalError):
        by_halves([1, 2, 3], full, excused)
    assert asked == [3]
