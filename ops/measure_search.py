"""Figures of indexing and searching: `python -m ops.measure_search [messages]` (20,000 unless said, bounded by it).

Starts a PostgreSQL of its own in a temp folder, fills one account with letters of 1.4 KB whose words are as frequent
as those of a language, indexes them, and prints medians of 20 searches with (least-most), the page's and IMAP's.
"""

from __future__ import annotations

import os
import random
import sys
import time
from collections.abc import Callable, Iterator, Sized
from contextlib import contextmanager
from statistics import median

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")

import django

RUNS = 20
WORDS = 30_000
# What is searched, and in how many letters of a thousand it is put.
SHARES = {"common": 400, "medium": 50, "seldom": 5, "absent": 0}


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
    with database():
        account = filled(count)
        index(count)
        for typed in (*SHARES, "com", '"common seldom"', "subject:letter", "from:bob", "bsen", "ommon"):
            search(account, typed)
        imap(account)


@contextmanager
def database() -> Iterator[None]:
    django.setup()
    from django.core.management import call_command
    from django.db import connections

    from tests.support import services

    services.start()
    try:
        call_command("migrate", verbosity=0)
        yield
        connections["default"].close_pool()
    finally:
        services.stop()


def filled(count: int) -> object:
    from django.db import connection

    from mailserver.services.accounts import create_account
    from mailserver.services.domains import add_domain
    from tests.support.manymail import many

    add_domain("crepes.fr")
    account = create_account(address="alice@crepes.fr", name="Alice", password="buckwheat and cider")
    chance = random.Random(5)
    vocabulary = ["".join(chance.choices("abcdefghijklmnopqrstuvwxyz", k=chance.randint(4, 9))) for _ in range(WORDS)]
    weights = [1 / rank for rank in range(1, WORDS + 1)]

    def text(number: int) -> str:
        marks = [word for word, share in SHARES.items() if chance.randrange(1000) < share]
        return " ".join([*marks, *chance.choices(vocabulary, weights, k=250)])

    began = time.perf_counter()
    many(account, count, text)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    print(f"stored: {count} messages in {time.perf_counter() - began:.0f} s", flush=True)
    return account


def index(count: int) -> None:
    from django.db import connection

    from mailserver.services import searchindex

    began = cleaned = time.perf_counter()
    number = 0
    while done := searchindex.index():
        number += done
        if number % 2000 == 0 or number == count:
            cleaned = time.perf_counter()
            searchindex.clean()
    seconds = max(time.perf_counter(), cleaned) - began
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_total_relation_size('searchdocument'), pg_relation_size('searchdocument_tsv')")
        total, gin = cursor.fetchone()
        cursor.execute("ANALYZE searchdocument")
    print(f"index: {count} messages, {count / seconds:.0f}/s, {total / count / 1024:.1f} KB each", flush=True)
    print(f"index: of these in GIN {gin / count / 1024:.1f} KB", flush=True)


def search(account: object, typed: str) -> None:
    from mailserver.mail.query import parse
    from mailserver.services import search

    figures = []
    for _ in range(RUNS):
        began = time.perf_counter()
        page = search.find(account.pk, parse(typed))
        figures.append(1000 * (time.perf_counter() - began))
    shown = f"{len(page.lines)}{'+' if page.next else ''}"
    print(
        f"search {typed}: {median(figures):.1f} ms ({min(figures):.1f}-{max(figures):.1f}), {shown} found", flush=True
    )


def imap(account: object) -> None:
    """The Inbox searched, sorted and threaded as IMAP asks for it."""
    from mailserver.mail.searchkeys import BodyHas, HasFlag, HeaderHas, TextHas
    from mailserver.services import imapsearch, imapsort, imapthread

    box = account.mailboxes.get(special_use="inbox")
    keys = [HasFlag("\\Seen", False)]
    keys += [HeaderHas("SUBJECT", text) for text in ("letter", "00001234", "absent")]
    keys += [HeaderHas("FROM", "bob"), HeaderHas("TO", "alice"), HeaderHas("X-Mailer", "moon")]
    keys += [HeaderHas("Message-ID", "<00000001@many.test>")]
    keys += [TextHas(text) for text in (*SHARES, "common seldom", "bob", "ommon")]
    keys += [BodyHas(text) for text in (*SHARES, "bob", "ommon")]
    for key in keys:
        timed(str(key), lambda key=key: imapsearch.find(account.pk, box.pk, key))
    uids = imapsearch.find(account.pk, box.pk, keys[0])
    for name in ("DATE", "SUBJECT", "FROM"):
        timed(f"SORT {name}", lambda name=name: imapsort.ordered(account.pk, box.pk, uids, [(name, False)]), 3)
    for name in ("REFERENCES", "ORDEREDSUBJECT"):
        timed(f"THREAD {name}", lambda name=name: imapthread.threads(account.pk, box.pk, uids, name), 3)


def timed(name: str, ask: Callable[[], Sized], runs: int = RUNS) -> None:
    figures = []
    for _ in range(runs):
        began = time.perf_counter()
        found = ask()
        figures.append(1000 * (time.perf_counter() - began))
    print(f"{name}: {median(figures):.1f} ms ({min(figures):.1f}-{max(figures):.1f}), {len(found)} found", flush=True)


if __name__ == "__main__":
    main()
