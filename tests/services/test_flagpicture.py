"""The kept picture of a folder's flags is what the folder has, and costs what changed."""

from __future__ import annotations

import random
from array import array

import pytest

from mailserver.errors import NotFound
from mailserver.services import columns, flagpicture, flags, messages
from mailserver.services.flagpicture import Picture, Pictures
from mailserver.services.messages import Appended
from mailserver.store import walks
from mailserver.store.models import Change

LETTER = b"Subject: Crepes\r\n\r\nThe batter.\r\n"
NAMES = ["\\Seen", "\\Flagged", "\\Deleted", "$Junk", "recipe", "Batter"]


@pytest.fixture
def box(alice):
    box = alice.mailboxes.get(special_use="inbox")
    messages.append_all(alice.pk, box.pk, [Appended(LETTER, NAMES[:number]) for number in range(5)])
    return box


@pytest.fixture
def asked(monkeypatch):
    """How many rows each statement brought."""
    counts, real = [], walks.ask

    def ask(statement, values):
        rows = real(statement, values)
        counts.append(len(rows))
        return rows

    monkeypatch.setattr(flagpicture.walks, "ask", ask)
    return counts


def shown(picture: Picture) -> list[tuple[int, int, tuple[str, ...]]]:
    return [(uid, *picture.kinds[code]) for uid, code in zip(picture.uids, picture.codes, strict=True)]


def stored(account, box) -> list[tuple[int, int, tuple[str, ...]]]:
    found = columns.columns(account.pk, box.pk, range(1, 200), {"flags"})
    return list(zip(found.uids, found.fields["flags"], found.keywords, strict=True))


def change(chance: random.Random, account, box) -> None:
    first = chance.randrange(1, 12)
    runs, names = ((first, first + chance.randrange(3)),), chance.sample(NAMES, chance.randint(1, 2))
    match chance.randrange(4):
        case 0:
            messages.append_all(account.pk, box.pk, [Appended(LETTER, names)] * chance.randint(1, 3))
        case 1:
            messages.expunge_deleted(account.pk, box.pk, None)
        case _:
            flags.store(account.pk, box.pk, runs, names=names, mode=chance.choice(["add", "remove", "replace"]))


def test_it_is_what_the_folder_has_whatever_happens(alice, box):
    chance = random.Random(7)
    for _ in range(40):
        for _ in range(chance.randint(1, 3)):
            change(chance, alice, box)
        found = flagpicture.picture(alice.pk, box.pk)
        box.refresh_from_db()
        assert shown(found) == stored(alice, box)
        assert found.modseq == box.highestmodseq


def test_it_reads_what_changed_and_nothing_else(alice, box, asked):
    first = flagpicture.picture(alice.pk, box.pk)
    assert flagpicture.picture(alice.pk, box.pk) is first
    flags.store(alice.pk, box.pk, ((2, 3),), names=["\\Answered"], mode="add")
    again = flagpicture.picture(alice.pk, box.pk)
    assert [uid for uid, bits, _ in shown(again) if bits & 2] == [2, 3]
    assert shown(first) != shown(again)
    # All, of three combinations of keywords; nothing; two entries. Each with a row for the folder.
    assert asked[1:] == [1, 3]


@pytest.mark.parametrize("why", ["many", "tidied"])
def test_it_is_made_anew_where_changes_do_not_tell(alice, box, monkeypatch, why):
    flagpicture.picture(alice.pk, box.pk)
    flags.store(alice.pk, box.pk, ((1, 4),), names=["\\Answered"], mode="add")
    if why == "many":
        monkeypatch.setattr(flagpicture, "CHANGES", 3)
    else:
        Change.objects.all().delete()
    assert flagpicture._up_to_date(flagpicture._pictures.get(box.pk), alice.pk, box.pk) is None
    assert shown(flagpicture.picture(alice.pk, box.pk)) == stored(alice, box)


def test_it_shows_nothing_to_others(alice, bob, box):
    number = box.pk
    flagpicture.picture(alice.pk, number)
    with pytest.raises(NotFound):
        flagpicture.picture(bob.pk, number)
    box.delete()
    with pytest.raises(NotFound):
        flagpicture.picture(alice.pk, number)


def test_an_empty_folder_has_no_messages(alice):
    box = alice.mailboxes.get(special_use="archive")
    assert shown(flagpicture.picture(alice.pk, box.pk)) == []


@pytest.mark.parametrize(
    ("uids", "codes"),
    [([3, 4, 8], [0, 1, 2]), ([4], [1]), ([3, 8], [0, 2]), ([], []), ([3, 5], None), ([4, 9], None)],
    ids=str,
)
def test_it_gives_the_codes_of_messages_that_are_all_there(uids, codes):
    found = Picture(1, 1, array("i", [3, 4, 8]), array("H", [0, 1, 2]), (), ()).codes_of(uids)
    assert found == (None if codes is None else array("H", codes))


def test_those_not_asked_for_the_longest_time_make_room():
    held = Pictures(most=5)
    one, other, third = (Picture(n, n, array("i", [1, 2]), array("H", [0, 0]), (), ()) for n in range(3))
    held.keep(1, one)
    held.keep(2, other)
    assert held.get(1) is one
    held.keep(3, third)
    assert (held.get(1), held.get(2), held.get(3)) == (one, None, third)
