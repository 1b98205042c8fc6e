"""Columns of many messages: the same as rows of them, whatever their keywords."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailserver.errors import NotFound
from mailserver.services import columns, entries, flags, messages
from mailserver.services.appending import Appended
from mailserver.services.columns import EPOCH, FIELDS
from mailserver.store.models import Mailbox

FIRST = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.fixture
def box(alice):
    """Nine messages, of every third with a keyword, the fifth gone."""
    box = Mailbox.objects.get(account=alice, path="INBOX")
    brought = [Appended(b"Subject: %d\r\n\r\n%s\r\n" % (n, b"x" * n), (), FIRST + timedelta(days=n)) for n in range(9)]
    messages.append_all(alice.pk, box.pk, brought)
    for uid in (1, 4, 7):
        flags.store(alice.pk, box.pk, ((uid, uid),), names=["\\Flagged", "recipe", f"k{uid}"], mode="add")
    flags.store(alice.pk, box.pk, ((5, 5),), names=["\\Deleted"], mode="add")
    messages.expunge_deleted(alice.pk, box.pk, None)
    return box


@pytest.mark.parametrize("uids", [range(1, 10), [1, 2, 4, 5, 9], [7], [5]], ids=["run", "list", "one", "gone"])
def test_it_has_what_rows_have(alice, box, uids):
    found = columns.columns(alice.pk, box.pk, list(uids), FIELDS)
    rows = entries.rows(alice.pk, box.pk, list(uids), ["flags", "modseq", "at", "size"])
    assert found.uids.tolist() == [row.uid for row in rows]
    assert found.fields["flags"].tolist() == [row.flags for row in rows]
    assert [tuple(sorted(names)) for names in found.keywords] == [tuple(sorted(row.keywords or ())) for row in rows]
    assert found.fields["modseq"].tolist() == [row.modseq for row in rows]
    assert found.fields["size"].tolist() == [row.size for row in rows]
    assert [moment / 1e6 + EPOCH for moment in found.fields["at"]] == [row.at.timestamp() for row in rows]
    part = found.part(1, 3)
    assert part.uids.tolist() == [row.uid for row in rows[1:3]]


def test_it_finds_nothing_in_anothers_folder(bob, box):
    with pytest.raises(NotFound):
        columns.columns(bob.pk, box.pk, [1, 2], {"flags"})


def test_it_asks_nothing_for_nothing(alice, box, django_assert_num_queries):
    with django_assert_num_queries(0):
        assert columns.columns(alice.pk, box.pk, [], {"flags"}).uids.tolist() == []
