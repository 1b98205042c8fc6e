"""A stolen account is stopped, nothing is lost, and an administrator decides."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.conf import Alarm
from mailserver.errors import NotFound
from mailserver.services import alarm_acts, alarms, queue
from mailserver.services.accounts import create_account
from mailserver.store import blobs
from mailserver.store.models import (
    AuditEntry,
    Event,
    Message,
    QueueEntry,
    QueueRecipient,
    SendingAlarm,
    SendingHour,
)
from tests.services.test_submission import submit
from tests.support.people import PASSWORD
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _nervous(configure):
    configure(sending_alarm=Alarm(recipients=5, times=3, domains=3, bounces=2, networks=2))


@pytest.fixture
def postmaster(domains):
    return create_account(address="post@crepes.fr", name="Post office", password=PASSWORD, admin=True)


def flood(account, count: int = 6) -> QueueEntry:
    done = submit(account, to=[f"u{number}@outside.example" for number in range(count)])
    return QueueEntry.objects.get(pk=done.entry_id)


def states(entry: QueueEntry) -> set[str]:
    return set(entry.recipients.values_list("state", flat=True))


def mail_of(account) -> list[str]:
    return list(Message.objects.filter(account=account).values_list("subject", flat=True))


def test_it_stops_an_account_that_suddenly_sends_much_and_loses_nothing(alice, bob):
    waiting, others = queued(alice, "dora@example.org"), queued(bob, "dora@example.org")
    entry = flood(alice)
    alarm = SendingAlarm.objects.get()
    assert alarms.describe(alarm) == ["6 recipients in an hour; 0 was the most in any hour of the last month"]
    after = QueueEntry.objects.get(pk=submit(alice).entry_id)
    assert states(entry) == states(after) == states(waiting) == {"held"}
    assert states(others) == {"queued"}
    assert Event.objects.filter(kind="held", entry=after).get().detail == {"by": "Your server"}
    assert queue.claim("outside.example") == []
    entry = AuditEntry.objects.get()
    assert (entry.by, entry.action, entry.target) == ("Your server", "stop", "alice@crepes.fr")


def test_it_leaves_alone_who_always_sends_that_much(alice):
    yesterday = timezone.now() - timedelta(days=2)
    SendingHour.objects.create(account=alice, hour=yesterday, recipients=2, domains=[])
    assert states(flood(alice)) == {"queued"}
    assert states(flood(alice, 1)) == {"held"}


def test_many_new_domains_are_a_reason_and_known_ones_are_not(alice):
    domains = [f"d{number}.example" for number in range(4)]
    SendingHour.objects.create(
        account=alice, hour=timezone.now() - timedelta(days=2), recipients=1, domains=domains[:2]
    )
    submit(alice, to=[f"bob@{domain}" for domain in domains])
    assert not SendingAlarm.objects.exists()
    submit(alice, to=["bob@d5.example"])
    submit(alice, to=["bob@d6.example"])
    assert [reason["kind"] for reason in SendingAlarm.objects.get().reasons] == ["recipients", "domains"]


def test_many_refusals_and_many_networks_are_reasons(alice):
    old = queued(alice, *(f"u{number}@outside.example" for number in range(3)))
    old.recipients.update(state="bounced", finished_at=timezone.now() - timedelta(hours=2))
    for number in range(3):
        assert not SendingAlarm.objects.exists()
        submit(alice, peer=f"198.51.{number}.1")
    assert [reason["kind"] for reason in SendingAlarm.objects.get().reasons] == ["networks"]
    SendingAlarm.objects.all().delete()
    old.recipients.update(finished_at=timezone.now())
    submit(alice)
    assert [reason["kind"] for reason in SendingAlarm.objects.get().reasons] == ["bounces", "networks"]


def test_it_can_be_switched_off(alice, configure):
    configure(sending_alarm=None)
    assert states(flood(alice)) == {"queued"}


def test_it_holds_what_comes_back_to_the_queue(alice):
    busy = queued(alice, "dora@example.org")
    busy.recipients.update(state="delivering", lease_until=timezone.now() + timedelta(minutes=1))
    flood(alice)
    assert states(busy) == {"delivering"}
    busy.recipients.update(state="deferred")
    assert queue.sweep() == []
    assert states(busy) == {"held"}


def test_administrators_and_the_owner_are_told_once(alice, postmaster):
    flood(alice)
    assert (alarm_acts.tell(), alarm_acts.tell()) == (1, 0)
    assert mail_of(alice) == ["Your outgoing mail is on hold"]
    assert mail_of(postmaster) == ["Outgoing mail of alice@crepes.fr is on hold"]
    raw = blobs.read(Message.objects.get(account=postmaster).blob_id).decode()
    assert "6 recipients in an hour" in raw
    assert f"/admin/alarms/{SendingAlarm.objects.get().pk}/" in raw
    assert "Auto-Submitted: auto-generated" in raw


def test_a_released_account_goes_on_and_is_not_stopped_for_the_same_again(alice):
    entry = flood(alice)
    alarm = SendingAlarm.objects.get()
    assert alarm_acts.release(alarm.pk, by="post@crepes.fr") == 6
    assert states(entry) == {"queued"}
    assert states(flood(alice)) == {"queued"}
    assert states(flood(alice)) == {"held"}
    alarm.refresh_from_db()
    assert (alarm.outcome, alarm.closed_by) == ("released", "post@crepes.fr")
    with pytest.raises(NotFound):
        alarm_acts.release(alarm.pk, by="post@crepes.fr")
    SendingAlarm.objects.filter(closed_at=None).delete()
    SendingAlarm.objects.update(closed_at=timezone.now() - timedelta(days=2))
    assert states(flood(alice, 1)) == {"held"}


@pytest.mark.parametrize("report", [False, True])
def test_everything_can_be_thrown_away(alice, report):
    entry, other = flood(alice), queued(alice, "dora@example.org")
    assert alarm_acts.discard(SendingAlarm.objects.get().pk, by="post@crepes.fr", report=report) == 7
    entry.refresh_from_db()
    assert states(entry) == states(other) == {"cancelled"}
    assert entry.finished_at is not None
    assert len(mail_of(alice)) == (2 if report else 0)
    assert QueueRecipient.objects.filter(state="held").count() == 0
    assert list(AuditEntry.objects.order_by("id").values_list("by", "action")) == [
        ("Your server", "stop"),
        ("post@crepes.fr", "discarded"),
    ]
