"""The search against a reading of every message by other means: all stages, anything indexed or not, any page."""

from __future__ import annotations

import random
from dataclasses import dataclass

import pytest
from django.db.models import Q

from mailserver.mail.query import parse
from mailserver.services import messages, search, searchindex
from mailserver.store.models import MailboxMessage, Message, ThreadBox
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db

# As it is written → its words as they are asked for. A script without spaces is one word, of which any piece is found.
WORDS = {
    "Crêpe": ["crepe"],
    "NIGHT": ["night"],
    "nightly": ["nightly"],
    "INV-2024/0031": ["inv", "2024", "0031"],
    "Straße": ["strasse"],
    "東京駅": ["東京駅"],
    "京都": ["京都"],
    "it's": ["it", "s"],
    "snake_case": ["snake", "case"],
    "Київ": ["киів"],
    "🎉": [],
}
DENSE = {"東京駅", "京都"}
PEOPLE = {"bob@hamburger.edu": ["bob", "hamburger", "edu"], "tomas@x.pt": ["tomas", "x", "pt"]}
TO = ["alice", "alice", "crepes", "fr"]
# What is typed → its terms: field, and the words that must follow each other.
ASKED = {
    "crepe": [("any", ["crepe"])],
    "nigh": [("any", ["nigh"])],
    "night crepe": [("any", ["night"]), ("any", ["crepe"])],
    '"crêpe night"': [("any", ["crepe", "night"])],
    '"crêpe nig"': [("any", ["crepe", "nig"])],
    "inv-2024/0031": [("any", ["inv", "2024", "0031"])],
    "2024 0031 case": [("any", ["2024"]), ("any", ["0031"]), ("any", ["case"])],
    "strasse": [("any", ["strasse"])],
    "STRASSE subject:київ": [("any", ["strasse"]), ("subject", ["киів"])],
    "東京": [("any", ["東京"])],
    "京": [("any", ["京"])],
    "京都 crepe": [("any", ["京都"]), ("any", ["crepe"])],
    "subject:crepe": [("subject", ["crepe"])],
    'subject:"crepe night"': [("subject", ["crepe", "night"])],
    "from:tomas crepe": [("from", ["tomas"]), ("any", ["crepe"])],
    "from:bob@hamburger.edu": [("from", ["bob", "hamburger", "edu"])],
    "to:alice snake": [("to", ["alice"]), ("any", ["snake"])],
    "to:bob": [("to", ["bob"])],
    "crepe is:unread": [("any", ["crepe"])],
    "crepe is:starred": [("any", ["crepe"])],
    "is:starred": [],
    "is:unread is:starred": [],
}
STAGES = {"newest": (200, 2000), "more": (4, 10_000), "index": (4, 1)}


@dataclass(frozen=True)
class Letter:
    """The words of each field of one message."""

    fields: dict[str, list[list[str]]]

    def has(self, field: str, words: list[str]) -> bool:
        places = [run for name, runs in self.fields.items() if field in ("any", name) for run in runs]
        return any(_follow(run[at:], words) for run in places for at in range(len(run)))


def _follow(run: list[str], words: list[str]) -> bool:
    if len(run) < len(words):
        return False
    *firsts, last = words
    there = run[len(firsts)]
    if there in DENSE or not last.isascii():
        ends = last in there if there in DENSE else there.startswith(last)
    else:
        ends = there.startswith(last) if len(last) > 2 else there == last
    return ends and run[: len(firsts)] == firsts


def test_the_words_of_the_reference_are_those_of_the_index():
    for written, words in WORDS.items():
        assert parse(" ".join(words)).words == tuple(words), written


@pytest.fixture
def shelf(alice, bob):
    """Alice's conversations in all her folders, some of it deleted, and Bob's; message id → Letter, of hers."""
    chance = random.Random(11)
    letters, subjects = {}, []
    for number in range(60):
        person = chance.choice([alice, alice, alice, bob])
        subject, body = chance.choices(list(WORDS), k=2), chance.choices(list(WORDS), k=4)
        sender = chance.choice(list(PEOPLE))
        parent = chance.randrange(number) if number and chance.random() < 0.4 else None
        subjects.append(subject if parent is None else subjects[parent])
        raw = message(
            sender=sender,
            subject=" ".join(subjects[-1] if parent is None else ["Re:", *subjects[-1]]),
            message_id=f"{number}@x.pt",
            reply_to="" if parent is None else f"{parent}@x.pt",
            body=" ".join(body) + "\r\n",
        )
        place = delivered(person, raw)
        if person == alice:
            runs = {"subject": subjects[-1], "text": body}
            fields = {name: [[word for item in run for word in WORDS[item]]] for name, run in runs.items()}
            letters[place.message_id] = Letter({**fields, "from": [PEOPLE[sender]], "to": [TO]})
            _put_away(alice, place, chance)
    return letters


def _put_away(alice, place, chance):
    where = {"account_id": alice.pk, "mailbox_id": place.mailbox_id, "uids": [place.uid]}
    messages.set_flags(**where, add=chance.choice([0, Flag.SEEN, Flag.FLAGGED, Flag.SEEN | Flag.FLAGGED]))
    act = chance.choice(["", "", "trash", "junk", "sent", "archive", "copy", "expunge"])
    if act == "expunge":
        messages.expunge(**where)
    elif act == "copy":
        messages.copy(**where, target_id=alice.mailboxes.get(special_use="trash").pk)
    elif act:
        messages.move(**where, target_id=alice.mailboxes.get(special_use=act).pk)


def expected(alice, letters, typed: str) -> list[tuple[int, int]]:
    """(mailbox, thread) of every conversation, newest first."""
    entries = MailboxMessage.objects.filter(account=alice).exclude(mailbox__special_use__in=["trash", "junk"])
    threads = {
        entry.thread_id
        for entry in entries
        if all(letters[entry.message_id].has(field, words) for field, words in ASKED[typed])
    }
    shown = ThreadBox.objects.filter(account=alice, thread__in=threads).select_related("mailbox")
    shown = shown.exclude(mailbox__special_use__in=["trash", "junk"])
    shown = shown.filter(Q(unseen__gt=0) if "is:unread" in typed else Q())
    shown = shown.filter(Q(starred__gt=0) if "is:starred" in typed else Q())
    chosen = {}
    for line in shown:
        rank = (line.mailbox.special_use not in ("sent", "drafts"), line.latest_at, -line.mailbox_id)
        if line.thread_id not in chosen or rank > chosen[line.thread_id][0]:
            chosen[line.thread_id] = (rank, line)
    lines = sorted((line for _, line in chosen.values()), key=lambda it: (it.latest_at, it.thread_id), reverse=True)
    return [(line.mailbox_id, line.thread_id) for line in lines]


def pages(account, typed: str, limit: int) -> list[tuple[int, int]]:
    found, before = [], None
    for _ in range(100):
        page = search.find(account.pk, parse(typed), before=before, limit=limit)
        found += [(line.mailbox_id, line.thread_id) for line in page.lines]
        assert len(page.lines) == limit or page.next is None
        before = page.next
        if before is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.slow
def test_it_finds_what_reading_every_message_finds(alice, shelf, monkeypatch):
    wanted = {typed: expected(alice, shelf, typed) for typed in ASKED}
    assert sum(map(bool, wanted.values())) > len(ASKED) - 3
    for indexed in (0, 20, 1000):
        searchindex.index(limit=indexed)
        for stage, (first, most) in STAGES.items():
            monkeypatch.setattr(search, "WALK", first)
            monkeypatch.setattr(search, "WALK_MOST", most)
            for typed, lines in wanted.items():
                for limit in (4, 50):
                    assert pages(alice, typed, limit) == lines, (typed, stage, indexed)


def test_the_shelf_has_every_kind_of_message(alice, shelf):
    kinds = set(MailboxMessage.objects.filter(account=alice).values_list("mailbox__special_use", flat=True))
    assert {"inbox", "trash", "junk", "sent", "archive"} <= kinds
    assert Message.objects.filter(account=alice, entries__isnull=True).exists()
    assert Message.objects.filter(account=alice).values("thread").distinct().count() < len(shelf) - 5
