"""Claims and leases: what a worker may take, and what happens when it dies."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mailserver.net.smtp_results import Report, Result
from mailserver.services import queue, queue_record
from mailserver.store.models import DeliveryAttempt, Event, QueueEntry, QueueRecipient
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "hamburger.edu"


def report(outcome: str, *addresses: str) -> Report:
    now = timezone.now()
    code = {"delivered": 250, "deferred": 451, "bounced": 550}[outcome]
    return Report(None, "", [Result(address, outcome, code, "", outcome) for address in addresses], [], now, now)


def lose(entry: QueueEntry) -> None:
    """As if the worker had been dead for longer than its lease."""
    entry.recipients.filter(state="delivering").update(lease_until=timezone.now() - timedelta(seconds=1))


def test_it_claims_what_is_due_grouped_by_entry(alice):
    first = queued(alice, f"bob@{DOMAIN}", f"charlie@{DOMAIN}", "dora@example.org")
    second = queued(alice, f"bob@{DOMAIN}")
    queued(alice, f"bob@{DOMAIN}", at=timezone.now() + timedelta(minutes=1))
    claims = queue.claim(DOMAIN)
    assert [(claim.entry_id, [each.address for each in claim.recipients]) for claim in claims] == [
        (first.pk, [f"bob@{DOMAIN}", f"charlie@{DOMAIN}"]),
        (second.pk, [f"bob@{DOMAIN}"]),
    ]
    row = second.recipients.get()
    assert (row.state, row.lease_token) == ("delivering", claims[0].token)
    assert row.lease_until > timezone.now() + queue.LEASE / 2


def test_it_gives_nothing_twice(alice):
    queued(alice, f"bob@{DOMAIN}")
    assert len(queue.claim(DOMAIN)) == 1
    assert queue.claim(DOMAIN) == []


def test_it_takes_no_held_cancelled_or_settled_mail(alice):
    for state in ("held", "delivered", "bounced", "expired", "cancelled"):
        queued(alice, f"bob@{DOMAIN}").recipients.update(state=state)
    assert queue.claim(DOMAIN) == []


def test_it_passes_over_rows_another_worker_is_taking(alice):
    taken, left = queued(alice, f"bob@{DOMAIN}"), queued(alice, f"bob@{DOMAIN}")
    locked, done = threading.Event(), threading.Event()

    def other() -> None:
        with transaction.atomic():
            list(QueueRecipient.objects.select_for_update().filter(entry=taken))
            locked.set()
            done.wait(10)
        connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    locked.wait(10)
    claims = queue.claim(DOMAIN)
    done.set()
    thread.join()
    assert [claim.entry_id for claim in claims] == [left.pk]


def test_it_splits_long_lists_into_transactions_every_server_takes(alice):
    queued(alice, *(f"guest{number}@{DOMAIN}" for number in range(130)))
    claims = queue.claim(DOMAIN, 1000)
    assert [len(claim.recipients) for claim in claims] == [100, 30]


def test_it_renews_what_it_holds(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    (claim,) = queue.claim(DOMAIN)
    lose(entry)
    assert queue.renew({claim.token: [claim.recipients[0].recipient_id]}) == 1
    assert queue.retake(timezone.now()) == 0
    assert entry.recipients.get().state == "delivering"


def test_it_retakes_what_a_lost_worker_held_at_once_and_says_so(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    (lost,) = queue.claim(DOMAIN)
    lose(entry)
    (claim,) = queue.claim(DOMAIN)
    assert claim.token != lost.token
    assert claim.number == 2
    attempt = entry.attempts.get()
    assert "stopped" in attempt.transcript[0][2]
    assert Event.objects.get(entry=entry).kind == "attempted"


def test_it_tries_mail_that_kills_its_worker_each_time_at_the_pace_of_the_schedule(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    for _ in range(2):
        queue.claim(DOMAIN)
        lose(entry)
    assert queue.claim(DOMAIN) == []
    row = entry.recipients.get()
    assert (row.state, row.attempts) == ("deferred", 2)
    assert row.next_attempt_at > timezone.now() + settings.CORREIO.retry_schedule[0] * 0.8


def test_it_holds_for_an_administrator_what_kills_its_workers_until_the_end(alice):
    entry = queued(alice, f"bob@{DOMAIN}", at=timezone.now() - settings.CORREIO.expire_after)
    queue.claim(DOMAIN)
    lose(entry)
    assert queue.claim(DOMAIN) == []
    assert entry.recipients.get().state == "held"
    assert Event.objects.get(entry=entry).kind == "held"


def test_it_records_nothing_but_the_dialogue_of_a_lost_lease(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    (late,) = queue.claim(DOMAIN)
    lose(entry)
    (current,) = queue.claim(DOMAIN)
    queue_record.record(late, report("bounced", f"bob@{DOMAIN}"))
    row = entry.recipients.get()
    assert (row.state, row.lease_token) == ("delivering", current.token)
    assert not Event.objects.filter(entry=entry, kind="bounced").exists()
    assert "taken this over" in DeliveryAttempt.objects.filter(entry=entry).latest("id").transcript[-1][2]

    queue_record.record(current, report("delivered", f"bob@{DOMAIN}"))
    assert entry.recipients.get().state == "delivered"


def test_it_records_nothing_for_an_entry_that_is_gone(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    (claim,) = queue.claim(DOMAIN)
    entry.delete()
    queue_record.record(claim, report("delivered", f"bob@{DOMAIN}"))
    assert not DeliveryAttempt.objects.exists()


def test_it_finishes_the_entry_with_its_last_recipient(alice):
    entry = queued(alice, f"bob@{DOMAIN}", "dora@example.org")
    for domain, address in ((DOMAIN, f"bob@{DOMAIN}"), ("example.org", "dora@example.org")):
        entry.refresh_from_db()
        assert entry.finished_at is None
        (claim,) = queue.claim(domain)
        queue_record.record(claim, report("delivered", address))
    entry.refresh_from_db()
    assert entry.finished_at is not None


def test_it_finishes_the_entry_when_two_workers_settle_its_last_recipients_together(alice):
    entry = queued(alice, f"bob@{DOMAIN}", "dora@example.org")
    (one,), (two,) = queue.claim(DOMAIN), queue.claim("example.org")
    inside = threading.Event()

    def second() -> None:
        inside.wait(10)
        queue_record.record(two, report("delivered", "dora@example.org"))
        connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with queue_record.recording(one) as book:
        inside.set()
        thread.join(0.3)
        assert thread.is_alive()
        book.write(report("delivered", f"bob@{DOMAIN}"))
    thread.join()
    entry.refresh_from_db()
    assert entry.finished_at is not None


def test_it_keeps_recipients_deferred_together_together(alice):
    people = [f"guest{number}@{DOMAIN}" for number in range(5)]
    entry = queued(alice, *people)
    (claim,) = queue.claim(DOMAIN)
    queue_record.record(claim, report("deferred", *people))
    assert entry.recipients.values("next_attempt_at").distinct().count() == 1


def test_it_sweeps_due_rows_and_lost_leases(alice):
    queued(alice, f"bob@{DOMAIN}")
    lost = queued(alice, "dora@example.org")
    queued(alice, "later@example.net", at=timezone.now() + timedelta(hours=1))
    queued(alice, "held@example.com").recipients.update(state="held")
    queue.claim("example.org")
    assert queue.sweep() == [DOMAIN]
    lose(lost)
    # What was tried in vain comes after what was not tried yet.
    assert queue.sweep() == [DOMAIN, "example.org"]
    assert lost.recipients.get().state == "deferred"
