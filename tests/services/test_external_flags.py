from __future__ import annotations

import pytest

from mailserver.services import external_flags
from mailserver.store.models import Label
from mailserver.store.models.mailbox import Flag


def test_it_knows_flags_and_the_keywords_that_are_flags_here():
    found = external_flags.bits(["\\Seen", "\\ANSWERED", "$Forwarded", "NonJunk", "\\Recent", "$label1"])
    assert found == Flag.SEEN | Flag.ANSWERED | Flag.FORWARDED | Flag.NOT_JUNK


def test_the_others_are_labels_each_once():
    given = ["\\Seen", "\\*", "$Junk", "$label1", "Work", "Work", "", "x" * 201, "a\x07b"]
    assert external_flags.keywords(given) == ["$label1", "Work"]


def test_it_makes_the_labels_that_are_missing_and_no_second_one(alice, bob):
    mine = Label.objects.create(account=alice, keyword="work", name="At work")
    Label.objects.create(account=bob, keyword="$label2", name="Bob's")
    found = external_flags.labels(alice.pk, ["Work", "$label2"])
    assert found["Work"] == mine.pk
    assert Label.objects.get(pk=found["$label2"]).name == "Work"
    assert Label.objects.get(pk=found["$label2"]).account == alice
    assert external_flags.labels(alice.pk, ["Work", "$label2"]) == found
    assert external_flags.labels(alice.pk, []) == {}


@pytest.mark.parametrize("most", [0, 1, 3])
def test_it_makes_no_more_labels_than_anybody_needs(alice, monkeypatch, most):
    monkeypatch.setattr(external_flags, "MOST_LABELS", most)
    found = external_flags.labels(alice.pk, [f"word{index}" for index in range(9)])
    assert len(found) == Label.objects.filter(account=alice).count() == most
