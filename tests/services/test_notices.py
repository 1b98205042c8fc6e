"""Reports beyond failures: delays, what was handed on, what was filed here (RFC 3461 §5.2)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.mail import dsn
from mailserver.services import delivery, groups
from mailserver.store.models import MailboxMessage, QueueEntry, QueueRecipient
from tests.support.queueing import only, queued

pytestmark = pytest.mark.django_db(transaction=True)

LATER = {"RCPT": "451 4.3.2 Come back later"}


def reports(account) -> list[tuple[str, dsn.Failure]]:
    """(sender's envelope id, what it says of each) of the reports in the Inbox, oldest first."""
    entries = MailboxMessage.objects.filter(account=account, mailbox__special_use="inbox").order_by("uid")
    found = [dsn.parse(bytes(entry.message.blob.raw)) for entry in entries]
    return [(report.envelope_id, failure) for report in found if report for failure in report.failures]


def again(entry: QueueEntry) -> None:
    entry.recipients.update(next_attempt_at=timezone.now())
    delivery.deliver_domain("hamburger.edu")


def test_a_delay_is_told_once_and_with_its_end(alice, remote):
    remote(replies=LATER)
    old = timezone.now() - timedelta(hours=5)
    entry = queued(alice, "bob@hamburger.edu", at=old, subject="Crepe night")
    again(entry)
    again(entry)
    ((_, told),) = reports(alice)
    assert (told.action, told.status, told.recipient) == ("delayed", "4.3.2", "bob@hamburger.edu")
    assert told.retry_until == (old + timedelta(days=5)).replace(microsecond=0)
    assert told.log_id == entry.reference
    assert only(entry).state == "deferred"


@pytest.mark.parametrize(
    ("hours", "notify", "sender", "notice"),
    [
        (3, "", None, timedelta(hours=4)),
        (5, "FAILURE", None, timedelta(hours=4)),
        (5, "NEVER", None, timedelta(hours=4)),
        (5, "", "", timedelta(hours=4)),
        (5, "", None, None),
    ],
    ids=["young", "failures-only", "never", "null-sender", "off"],
)
def test_other_delays_are_not_told(alice, remote, configure, hours, notify, sender, notice):
    remote(replies=LATER)
    configure(delay_notice=notice)
    queued(alice, "bob@hamburger.edu", at=timezone.now() - timedelta(hours=hours), notify=notify, sender=sender)
    delivery.deliver_domain("hamburger.edu")
    assert not reports(alice)


@pytest.mark.parametrize(
    ("extensions", "notify", "told"),
    [
        (("PIPELINING",), "SUCCESS", ["relayed"]),
        (("PIPELINING", "DSN"), "SUCCESS", []),
        (("PIPELINING",), "", []),
        (("PIPELINING",), "FAILURE,DELAY", []),
    ],
)
def test_what_a_server_took_is_told_when_it_will_not_tell_itself(alice, remote, extensions, notify, told):
    remote(extensions=extensions)
    entry = queued(alice, "bob@hamburger.edu", notify=notify)
    delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "delivered"
    assert [failure.action for _, failure in reports(alice)] == told


def test_one_report_tells_of_all_recipients_of_a_try(alice, remote):
    server = remote(replies={"RCPT bob@hamburger.edu": "550 5.1.1 No such user here"})
    entry = queued(alice, "bob@hamburger.edu", "carol@hamburger.edu", notify="SUCCESS,FAILURE")
    QueueEntry.objects.filter(pk=entry.pk).update(envelope_id="E1")
    delivery.deliver_domain("hamburger.edu")
    assert len(server.messages) == 1
    assert MailboxMessage.objects.filter(account=alice).count() == 1
    assert [(envid, failure.action) for envid, failure in reports(alice)] == [("E1", "failed"), ("E1", "relayed")]


def test_what_is_filed_here_is_delivered(alice, bob, configure):
    queued(alice, "bob@hamburger.edu", notify="SUCCESS")
    delivery.deliver_domain("hamburger.edu")
    ((_, told),) = reports(alice)
    assert (told.action, told.status) == ("delivered", "2.0.0")


def test_the_whole_message_comes_back_only_with_a_failure(alice, bob, configure):
    entry = queued(alice, "bob@hamburger.edu", notify="SUCCESS", body="very secret\r\n")
    QueueEntry.objects.filter(pk=entry.pk).update(full_return=True)
    delivery.deliver_domain("hamburger.edu")
    report = MailboxMessage.objects.get(account=alice).message
    assert b"very secret" not in bytes(report.blob.raw)


def test_what_goes_to_a_group_is_expanded(alice, bob, charlie, configure):
    groups.add_group(
        address="all@hamburger.edu", members=["bob@hamburger.edu", "charlie@hamburger.edu", "eve@x.example"]
    )
    queued(alice, "all@hamburger.edu", notify="SUCCESS,FAILURE")
    delivery.deliver_domain("hamburger.edu")
    ((_, told),) = reports(alice)
    assert told.action == "expanded"
    assert QueueRecipient.objects.get(address="eve@x.example").notify == "FAILURE"


def test_a_stranger_whose_mail_was_passed_on_hears_of_a_delay_only_on_request(alice, remote):
    remote(replies=LATER)
    entry = queued(alice, "bob@hamburger.edu", at=timezone.now() - timedelta(hours=5))
    QueueEntry.objects.filter(pk=entry.pk).update(account=None)
    delivery.deliver_domain("hamburger.edu")
    assert not reports(alice)
    entry.recipients.update(notify="DELAY")
    again(entry)
    assert [failure.action for _, failure in reports(alice)] == ["delayed"]
