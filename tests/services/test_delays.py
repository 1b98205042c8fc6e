"""Delays are told where no try tells of them; each once, and not what is about to be tried."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.mail import dsn
from mailserver.services import delays, delivery, destinations
from mailserver.store.models import MailboxMessage, QueueEntry, QueueRecipient
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db(transaction=True)

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _configured(configure):
    configure(delay_notice=4 * HOUR, hostname="crepes.fr")


def waiting(account, *people: str, age=5 * HOUR, next_in=HOUR, state="deferred", **how) -> QueueEntry:
    """An entry so old that waits for its next try."""
    now = timezone.now()
    entry = queued(account, *(people or ("bob@hamburger.edu",)), at=now - age, **how)
    entry.recipients.update(
        state=state,
        attempts=3,
        next_attempt_at=now + next_in,
        reply_code=451,
        reply_enhanced="4.3.2",
        reply_text="Come back later",
    )
    return entry


def told(account) -> list[dsn.Report]:
    entries = MailboxMessage.objects.filter(account=account, mailbox__special_use="inbox").order_by("uid")
    return [report for entry in entries if (report := dsn.parse(bytes(entry.message.blob.raw)))]


def test_a_delay_is_told_between_two_tries_and_once(alice, remote):
    entry = waiting(alice, "bob@hamburger.edu", "carol@hamburger.edu")
    assert (delays.tell(), delays.tell()) == (1, 0)
    remote(replies={"RCPT": "451 4.3.2 Come back later"})
    entry.recipients.update(next_attempt_at=timezone.now())
    delivery.deliver_domain("hamburger.edu")
    (report,) = told(alice)
    assert [(one.recipient, one.action, one.status) for one in report.failures] == [
        ("bob@hamburger.edu", "delayed", "4.3.2"),
        ("carol@hamburger.edu", "delayed", "4.3.2"),
    ]
    assert report.failures[0].diagnostic == "smtp; 451 4.3.2 Come back later"
    assert set(entry.recipients.values_list("state", flat=True)) == {"deferred"}


def test_what_never_was_tried_waits_at_a_paused_destination(alice):
    destinations.pause("hamburger.edu", by="admin@crepes.fr")
    queued(alice, "bob@hamburger.edu", at=timezone.now() - 4 * HOUR)
    assert delays.tell() == 1
    ((failure,),) = [report.failures for report in told(alice)]
    assert (failure.action, failure.diagnostic) == ("delayed", "x-correio; Not tried until now")
    text = bytes(MailboxMessage.objects.get(account=alice).message.blob.raw).decode()
    assert "Your server has not called hamburger.edu yet." in text


@pytest.mark.parametrize(
    ("how", "count"),
    [
        ({"age": 3 * HOUR}, 0),
        ({"state": "held"}, 0),
        ({"state": "delivering"}, 0),
        ({"state": "delivered"}, 0),
        ({"next_in": -timedelta(minutes=1)}, 0),
        ({"next_in": -HOUR}, 1),
        ({"notify": "NEVER"}, 0),
        ({"notify": "SUCCESS,FAILURE"}, 0),
        ({"notify": "FAILURE,DELAY"}, 1),
        ({"sender": ""}, 0),
    ],
    ids=["young", "held", "talking", "there", "due", "overdue", "never", "failures", "delays", "null-sender"],
)
def test_only_what_waits_and_is_wished_for_is_told(alice, how, count):
    waiting(alice, **how)
    assert delays.tell() == count
    assert len(told(alice)) == count


def test_it_can_be_switched_off(alice, configure):
    waiting(alice)
    configure(delay_notice=None)
    assert delays.tell() == 0


def test_strangers_hear_of_it_on_request_only(alice):
    entry = waiting(alice)
    QueueEntry.objects.filter(pk=entry.pk).update(account=None)
    assert delays.tell() == 0
    entry.recipients.update(notify="DELAY")
    assert delays.tell() == 1


def test_what_cannot_be_told_is_not_looked_at_again(alice, django_assert_num_queries):
    waiting(alice, sender="gone@crepes.fr")
    assert delays.tell() == 0
    assert QueueRecipient.objects.get().delay_told_at
    with django_assert_num_queries(1):
        delays.tell()
