"""Many tries recorded together leave what each leaves when it is recorded alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from mailserver.net.mx import Hop
from mailserver.net.smtp_results import Line, Report, Result
from mailserver.services import delivery_books, queue, queue_record, queue_record_bulk
from mailserver.services.delivery_books import Books
from mailserver.services.delivery_loop import submit
from mailserver.store.models import DeliveryAttempt, DeliveryResult, Event, QueueRecipient
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "hamburger.edu"
HOP = Hop("mx1.hamburger.edu", "127.0.0.1", 25, 10, "mx")
CODES = {"delivered": 250, "deferred": 451, "bounced": 550}


def tried(claim, *outcomes) -> queue_record_bulk.Try:
    """The claim and a report with an outcome for each of its recipients."""
    now = timezone.now()
    results = [
        Result(claimed.address, outcome, CODES[outcome], "", f"{outcome} “here”", HOP, "TLSv1.3")
        for claimed, outcome in zip(claim.recipients, outcomes, strict=True)
    ]
    return claim, Report(HOP, "TLSv1.3", results, [Line(0.1, "server", '250 "OK" \\x07')], now, now)


def picture(entry, *, loose=("id", "entry_id", "attempt_id", "recipient_id", "lease_token")) -> list[object]:
    """All rows of an entry, without their numbers and with times only as there or not."""

    def shown(values):
        return {
            name: bool(value) if name.endswith("_at") or name in ("at", "next") else value
            for name, value in values.items()
            if name not in loose
        }

    events = [shown(each | {"detail": None}) | {"detail": shown(each["detail"] | {"attempt": 0})}
              for each in Event.objects.filter(entry=entry).order_by("recipient").values()]  # fmt: skip
    entry.refresh_from_db()
    return [
        [shown(each) for each in QueueRecipient.objects.filter(entry=entry).order_by("address").values()],
        [shown(each) for each in DeliveryAttempt.objects.filter(entry=entry).values()],
        [shown(each) for each in DeliveryResult.objects.filter(attempt__entry=entry).order_by("outcome").values()],
        events,
        bool(entry.finished_at),
    ]


def test_it_leaves_the_rows_of_single_records(alice):
    people = [f"ann@{DOMAIN}", f"bob@{DOMAIN}"]
    shapes = [("delivered", "delivered"), ("delivered", "deferred"), ("deferred", "deferred")]
    alone = [queued(alice, *people, sent_copy=True) for _ in shapes]
    together = [queued(alice, *people, sent_copy=True) for _ in shapes]
    claims = {claim.entry_id: claim for claim in queue.claim(DOMAIN)}
    for entry, shape in zip(alone, shapes, strict=True):
        queue_record.record(*tried(claims[entry.pk], *shape))
    tries = [tried(claims[entry.pk], *shape) for entry, shape in zip(together, shapes, strict=True)]
    assert queue_record_bulk.record_all(tries) == []
    for one, other in zip(alone, together, strict=True):
        expected = picture(one)
        assert picture(other) == [
            *expected[:3],
            [step | {"message_id": other.sent_copy_id} for step in expected[3]],
            expected[4],
        ]
    assert [picture(entry)[-1] for entry in together] == [True, False, False]


def test_it_leaves_what_needs_more_than_rows_to_be_recorded_alone(alice):
    sound, failed, expired, gone, lost = (queued(alice, f"bob@{DOMAIN}") for _ in range(5))
    claims = {claim.entry_id: claim for claim in queue.claim(DOMAIN)}
    expired.not_before -= timedelta(days=6)
    expired.save()
    lost.recipients.update(lease_token="00000000-0000-0000-0000-000000000001")
    shapes = {sound.pk: "delivered", failed.pk: "bounced", expired.pk: "deferred", gone.pk: "delivered"}
    tries = [tried(claims[pk], shapes.get(pk, "delivered")) for pk in claims]
    gone.delete()
    alone = queue_record_bulk.record_all(tries)
    assert {tries[number][0].entry_id for number in alone} == {failed.pk, expired.pk, lost.pk}
    assert set(DeliveryAttempt.objects.values_list("entry_id", flat=True)) == {sound.pk}
    assert failed.recipients.get().state == "delivering"


def written(tries):
    """Have the books record the tries; the faults."""

    async def run():
        books, faults = Books(), []
        for each in [books.add(*one) for one in tries]:
            try:
                await each
            except ZeroDivisionError as fault:
                faults.append(fault)
        return faults

    return submit(run()).result()


def test_the_books_record_reports_and_lost_leases_one_by_one(alice):
    entries = [queued(alice, f"bob@{DOMAIN}") for _ in range(3)]
    tries = [tried(claim, outcome) for claim, outcome in zip(queue.claim(DOMAIN), CODES, strict=True)]
    assert written(tries) == []
    assert [entry.recipients.get().state for entry in entries] == ["delivered", "deferred", "bounced"]
    assert Event.objects.get(entry=entries[2], kind="bounced").detail["report"]


def test_a_try_that_cannot_be_recorded_takes_no_other_with_it(alice, monkeypatch):
    entries = [queued(alice, f"bob@{DOMAIN}") for _ in range(3)]
    tries = [tried(claim, "delivered") for claim in queue.claim(DOMAIN)]
    poison, record = tries[1][0], queue_record.record

    def alone(claim, report):
        return 1 / 0 if claim == poison else record(claim, report)

    monkeypatch.setattr(queue_record_bulk, "_write", lambda *_: 1 / 0)
    monkeypatch.setattr(queue_record, "record", alone)
    assert len(written(tries)) == 1
    assert [entry.recipients.get().state for entry in entries] == ["delivered", "delivering", "delivered"]


def test_what_comes_soon_after_a_transaction_waits_for_others_and_the_first_for_nobody(alice, monkeypatch):
    for _ in range(9):
        queued(alice, f"bob@{DOMAIN}")
    tries = [tried(claim, "delivered") for claim in queue.claim(DOMAIN)]
    together, record = [], queue_record_bulk.record_all
    monkeypatch.setattr(queue_record_bulk, "record_all", lambda some: (together.append(len(some)), record(some))[1])

    async def run() -> None:
        books = Books()
        await books.add(*tries[0])
        written = [books.add(*each) for each in tries[1:4]]
        await asyncio.sleep(0.001)
        written += [books.add(*each) for each in tries[4:]]
        await asyncio.gather(*written)

    monkeypatch.setattr(delivery_books, "PAUSE", 1.0)
    submit(run()).result()
    assert together == [1, 8]


def test_it_waits_for_a_database_that_is_away_once_for_all(alice, monkeypatch):
    entries = [queued(alice, f"bob@{DOMAIN}") for _ in range(3)]
    tries = [tried(claim, "delivered") for claim in queue.claim(DOMAIN)]
    write, away = queue_record_bulk._write, [OperationalError("away")] * 2

    def written_later(*args):
        if away:
            raise away.pop()
        write(*args)

    monkeypatch.setattr(queue_record_bulk, "_write", written_later)
    monkeypatch.setattr(delivery_books, "RECORDING_PAUSES", (0, 0, 0))
    assert written(tries) == []
    assert {entry.recipients.get().state for entry in entries} == {"delivered"}
    assert DeliveryAttempt.objects.count() == 3
