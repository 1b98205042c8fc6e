"""Each statement of the search has the plan it was written for, however frequent the word is."""

from __future__ import annotations

import random
import re

import pytest
from django.db import connection

from mailserver.mail import lexemes
from mailserver.mail.query import parse
from mailserver.services import search, searchindex
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.services.searchstages import ASK, LINES, NEWEST, WALK, Boxes, Stages, planned
from tests.support.lasting import lasting, settle
from tests.support.manymail import many
from tests.support.people import PASSWORD

# The word, and the share of the documents that have it, in percent.
SHARES = {"absent": 0, "twentieth": 5, "often": 40, "absent often": 0, '"often often"': 0, "twent": 5}
pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def shelf(django_db_setup, django_db_blocker):
    """Alice's 2,000 messages and Bob's 200, indexed; gone at the end of the module."""
    with lasting(django_db_blocker):
        add_domain("crepes.fr")
        alice, bob = (create_account(address=f"{n}@crepes.fr", name=n, password=PASSWORD) for n in ("alice", "bob"))
        chance = random.Random(3)
        vocabulary = ["".join(chance.choices("abcdefghijklmnop", k=7)) for _ in range(5000)]
        for person, count in ((alice, 2000), (bob, 200)):
            many(person, count, lambda number: _text(number, chance.choices(vocabulary, k=150)))
        while searchindex.index():
            continue
        searchindex.clean()
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE searchdocument, message, mailboxmessage, threadbox")
        settle()
        yield alice


def _text(number: int, words: list[str]) -> str:
    marks = ["twentieth"] * (number % 20 == 0) + ["often"] * (number % 5 < 2)
    return " ".join([*marks, *words])


def plan(statement: str, account, typed: str, **parameters) -> str:
    query = parse(typed)
    condition = lexemes.condition(query)
    stages = Stages(account.pk, query, condition, limit=50, boxes=Boxes.of(account.pk))
    scoped = f"'{lexemes.account(account.pk)}' & ({condition})"
    with planned(), connection.cursor() as cursor:
        values = {**stages._parameters(None), "scoped": scoped, "most": 200, **parameters}
        cursor.execute(f"EXPLAIN {statement}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.slow
@pytest.mark.parametrize("typed", SHARES)
def test_the_index_is_asked_and_no_table_is_read_through(shelf, typed):
    found = plan(ASK + LINES, shelf, typed)
    assert "searchdocument_tsv" in found
    assert not re.search("Seq Scan on (searchdocument|message|threadbox) ", found)


@pytest.mark.parametrize("typed", SHARES)
def test_a_walk_reads_documents_by_their_key(shelf, typed):
    newest = list(shelf.messages.order_by("-at").values_list("pk", flat=True)[:200])
    found = plan(WALK + LINES, shelf, typed, newest=newest)
    assert "searchdocument_pkey" in found
    assert "searchdocument_tsv" not in found
    assert not re.search("Seq Scan on (searchdocument|message|threadbox) ", found)


def test_the_newest_documents_are_the_head_of_an_index(shelf):
    found = plan(NEWEST, shelf, "often")
    assert "searchdocument_at" in found
    assert "Sort" not in found


@pytest.mark.parametrize(("typed", "share"), SHARES.items())
def test_it_counts_right_at_any_share(shelf, typed, share):
    page = search.find(shelf.pk, parse(typed), limit=2000)
    assert len(page.lines) == 2000 * share // 100
    dates = [line.latest_at for line in page.lines]
    assert dates == sorted(dates, reverse=True)


@pytest.mark.parametrize(
    ("typed", "stages"), [("often", ["walk"]), ("twentieth", ["walk", "walk"]), ("absent", ["walk", "ask"])]
)
def test_the_stage_fits_the_word(shelf, monkeypatch, typed, stages):
    went = []
    for name in ("walk", "ask"):
        real = getattr(Stages, name)
        monkeypatch.setattr(Stages, name, lambda *given, name=name, real=real: went.append(name) or real(*given))
    search.find(shelf.pk, parse(typed))
    assert went == stages
