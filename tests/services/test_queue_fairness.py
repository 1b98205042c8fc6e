"""Whose mail a worker takes first."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.services import queue
from mailserver.store.models import QueueEntry
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "hamburger.edu"


def test_who_sends_much_delays_nobody_else(alice, charlie):
    early = timezone.now() - timedelta(minutes=1)
    for number in range(12):
        queued(alice, f"guest{number}@{DOMAIN}", at=early)
    single = queued(charlie, f"bob@{DOMAIN}")
    taken = [claim.entry_id for claim in queue.claim(DOMAIN, 4)]
    assert taken.index(single.pk) == 1
    assert len(taken) == 4


def test_reports_come_after_the_mail_of_people_and_the_urgent_before(alice):
    early = timezone.now() - timedelta(minutes=1)
    report = queued(alice, f"bob@{DOMAIN}", sender="", at=early)
    letter, urgent = queued(alice, f"bob@{DOMAIN}"), queued(alice, f"bob@{DOMAIN}")
    QueueEntry.objects.filter(pk=urgent.pk).update(priority=1)
    assert [claim.entry_id for claim in queue.claim(DOMAIN)] == [urgent.pk, letter.pk, report.pk]


def test_a_worker_may_claim_ahead_while_others_are_counted(alice):
    for number in range(4):
        queued(alice, f"guest{number}@{DOMAIN}")
    first, second = [queue.claim(DOMAIN, 1)[0].token for _ in range(2)]
    assert queue.claim(DOMAIN, 1) == []
    assert queue.claim(DOMAIN, 1, first)
    assert queue.claim(DOMAIN, 1, second)


def test_what_was_not_begun_waits_as_before(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    claims = queue.claim(DOMAIN)
    queue.hand_back(claims)
    row = entry.recipients.get()
    assert (row.state, row.attempts, row.lease_token, entry.attempts.count()) == ("queued", 0, None, 0)
    entry.recipients.update(attempts=2)
    queue.hand_back(queue.claim(DOMAIN))
    assert entry.recipients.get().state == "deferred"


def test_it_renews_all_that_a_process_holds(alice):
    for number in range(2):
        queued(alice, f"guest{number}@{DOMAIN}")
    claims = [queue.claim(DOMAIN, 1)[0] for _ in range(2)]
    lost = timezone.now() - timedelta(seconds=1)
    QueueEntry.objects.get(pk=claims[0].entry_id).recipients.update(lease_until=lost)
    assert queue.renew({claim.token: {claim.recipients[0].recipient_id} for claim in claims}) == 2
    assert queue.retake(timezone.now()) == 0
