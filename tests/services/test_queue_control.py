"""Hold, release, cancel and retry, by the owner and by an administrator."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.services import queue, queue_control
from mailserver.store.models import Event, QueueEntry
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db

DOMAIN = "hamburger.edu"


def ids(entry: QueueEntry) -> list[int]:
    return list(entry.recipients.values_list("id", flat=True))


def state(entry: QueueEntry) -> str:
    return entry.recipients.get().state


def test_it_holds_waiting_mail_until_it_is_released(alice):
    entry = queued(alice, f"bob@{DOMAIN}")
    assert queue_control.hold(ids(entry), by="root@crepes.fr") == ids(entry)
    assert state(entry) == "held"
    assert queue.claim(DOMAIN) == []
    assert queue_control.release(ids(entry), by="root@crepes.fr") == ids(entry)
    assert len(queue.claim(DOMAIN)) == 1
    events = Event.objects.filter(entry=entry).order_by("id")
    assert [(event.kind, event.detail["by"]) for event in events] == [
        ("held", "root@crepes.fr"),
        ("released", "root@crepes.fr"),
    ]


def test_it_tries_deferred_mail_now(alice):
    entry = queued(alice, f"bob@{DOMAIN}", at=timezone.now() + timedelta(hours=2))
    entry.recipients.update(state="deferred", attempts=3)
    assert queue_control.retry_now(ids(entry), by="alice@crepes.fr", account_id=alice.pk) == ids(entry)
    (claim,) = queue.claim(DOMAIN)
    assert claim.number == 4


def test_it_does_not_send_scheduled_mail_before_its_time(alice):
    entry = queued(alice, f"bob@{DOMAIN}", at=timezone.now() + timedelta(hours=2))
    assert queue_control.retry_now(ids(entry), by="alice@crepes.fr") == []
    assert queue.claim(DOMAIN) == []


def test_it_cancels_and_finishes(alice):
    entry = queued(alice, f"bob@{DOMAIN}", "dora@example.org")
    first, second = ids(entry)
    queue_control.cancel([first], by="alice@crepes.fr", account_id=alice.pk)
    entry.refresh_from_db()
    assert entry.finished_at is None
    queue_control.cancel([second], by="alice@crepes.fr", account_id=alice.pk)
    entry.refresh_from_db()
    assert entry.finished_at is not None
    assert set(entry.recipients.values_list("state", flat=True)) == {"cancelled"}
    assert entry.recipients.filter(finished_at__isnull=True).count() == 0


@pytest.mark.parametrize("action", ["hold", "release", "retry_now", "cancel"])
@pytest.mark.parametrize("present", ["delivering", "delivered", "bounced", "expired", "cancelled"])
def test_it_leaves_alone_what_is_under_way_or_settled(alice, action, present):
    entry = queued(alice, f"bob@{DOMAIN}")
    entry.recipients.update(state=present)
    assert getattr(queue_control, action)(ids(entry), by="root@crepes.fr") == []
    assert state(entry) == present
    assert not Event.objects.exists()


@pytest.mark.parametrize("action", ["hold", "cancel"])
def test_it_keeps_others_from_the_mail_of_an_account(alice, bob, action):
    entry = queued(alice, f"bob@{DOMAIN}")
    assert getattr(queue_control, action)(ids(entry), by="bob@hamburger.edu", account_id=bob.pk) == []
    assert state(entry) == "queued"
