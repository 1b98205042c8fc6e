"""Several workers read messages again, and others file and index mail meanwhile."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction

from mailserver.mail.message import PARSER_VERSION
from mailserver.services import mailboxes, messages, reparse, searchindex
from mailserver.store import summary
from mailserver.store.models import Message, SearchPending
from tests.support.mail import delivered

pytestmark = pytest.mark.django_db(transaction=True)

PATIENCE = 20


@pytest.fixture
def aside() -> Iterator[Callable[..., Future[Any]]]:
    """Runs a call in another thread with a database connection of its own."""
    with ThreadPoolExecutor(4) as pool:

        def run(call: Callable[[], Any]) -> Future[Any]:
            def closing() -> Any:
                try:
                    return call()
                finally:
                    connection.close()

            return pool.submit(closing)

        yield run


def waits_for_a_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database())"
        )
        (waits,) = cursor.fetchone()
    return bool(waits)


def aged(*places, **columns) -> None:
    ids = [place.message_id for place in places]
    Message.objects.filter(pk__in=ids).update(parser_version=PARSER_VERSION - 1, **columns)


def test_rows_that_another_worker_holds_are_passed_over(alice, aside):
    held, free = delivered(alice), delivered(alice)
    aged(held, free)
    with transaction.atomic():
        assert Message.objects.select_for_update(no_key=True).get(pk=held.message_id)
        assert aside(reparse.sweep).result(PATIENCE) == 1
    assert Message.objects.get(pk=free.message_id).parser_version == PARSER_VERSION
    assert reparse.sweep() == 1


def test_a_batch_keeps_nobody_from_filing_moving_or_indexing_its_messages(alice, aside):
    place = delivered(alice, message_id="1@hamburger.edu")
    aged(place)
    archive = mailboxes.by_use(alice.pk, "archive")
    with transaction.atomic():
        assert reparse._rewrite(reparse._outdated(1 << 62).get())
        move = {"account_id": alice.pk, "mailbox_id": place.mailbox_id, "uids": [place.uid], "target_id": archive.pk}
        assert aside(lambda: messages.copy(**move)).result(PATIENCE)
        assert aside(lambda: messages.move(**move)).result(PATIENCE)
        assert aside(searchindex.sweep).result(PATIENCE) == 1
        assert aside(lambda: delivered(alice, reply_to="1@hamburger.edu")).result(PATIENCE)


def test_an_indexer_that_has_read_the_old_text_does_it_again(alice, aside, monkeypatch):
    place = delivered(alice, subject="Menu")
    aged(place, subject="Before")
    reading, go_on, real = threading.Event(), threading.Event(), searchindex._documents

    def documents(*given):
        found = real(*given)
        reading.set()
        assert go_on.wait(PATIENCE)
        return found

    monkeypatch.setattr(searchindex, "_documents", documents)
    indexer = aside(searchindex.index)
    assert reading.wait(PATIENCE)
    reader = aside(reparse.sweep)
    until = time.monotonic() + PATIENCE
    while not waits_for_a_lock() and not reader.done():
        assert time.monotonic() < until
        time.sleep(0.01)
    go_on.set()
    assert (indexer.result(PATIENCE), reader.result(PATIENCE)) == (1, 1)
    assert SearchPending.objects.filter(message_id=place.message_id).exists()


def test_many_workers_and_deliveries_end_with_every_message_read_once(alice, aside, monkeypatch):
    places = [delivered(alice, subject=f"Menu {number}") for number in range(30)]
    aged(*places, subject="?")
    monkeypatch.setattr(reparse, "BATCH", 3)
    monkeypatch.setattr(reparse, "SWEEP", timedelta(minutes=5))
    workers = [aside(reparse.sweep) for _ in range(3)]
    writer = aside(lambda: [delivered(alice, subject=f"New {number}") for number in range(5)])
    counts = [worker.result(PATIENCE) for worker in workers]
    assert len(writer.result(PATIENCE)) == 5
    assert sum(counts) == 30
    assert not Message.objects.exclude(parser_version=PARSER_VERSION).exists()
    subjects = Message.objects.filter(pk__in=[place.message_id for place in places]).order_by("pk")
    assert list(subjects.values_list("subject", flat=True)) == [f"Menu {number}" for number in range(30)]


def test_a_batch_that_fails_leaves_nothing_behind(alice, monkeypatch):
    place = delivered(alice, subject="Menu")
    aged(place, subject="Before")

    def refresh(*_, **__):
        raise RuntimeError

    with monkeypatch.context() as patch:
        patch.setattr(summary, "refresh", refresh)
        with pytest.raises(RuntimeError):
            reparse.sweep()
    row = Message.objects.get(pk=place.message_id)
    assert (row.subject, row.parser_version) == ("Before", PARSER_VERSION - 1)
    assert reparse.sweep() == 1
