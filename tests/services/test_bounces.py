"""Reports about what could not be delivered: who gets one, who never does, and what it says."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.conf import Route
from mailserver.mail import dsn
from mailserver.practice.scripted import ScriptedServer
from mailserver.services import bounces, delivery, inbound, timeline
from mailserver.store.models import Account, Domain, Event, MailboxMessage, Message, QueueEntry
from tests.support.mail import message
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db(transaction=True)

REFUSAL = "550 5.1.1 No such user here"


@pytest.fixture(autouse=True)
def refusing(settings, domains):
    """hamburger.edu is another server, which refuses everybody but Bob."""
    Domain.objects.filter(name="hamburger.edu").delete()
    with ScriptedServer(replies={"RCPT": REFUSAL, "RCPT bob@hamburger.edu": "250 2.1.5 OK"}) as server:
        route = {"hamburger.edu": Route("127.0.0.1", server.port)}
        settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr", stage_timeout=5.0, routes=route)
        yield server


def inbox(account: Account) -> list[Message]:
    entries = MailboxMessage.objects.filter(account=account, mailbox__special_use="inbox").order_by("uid")
    return [entry.message for entry in entries]


def raw(found: Message) -> bytes:
    return bytes(found.prefix) + bytes(found.blob.raw)


def test_it_puts_a_report_into_the_senders_inbox(alice):
    entry = queued(alice, "nobody@hamburger.edu", "bob@hamburger.edu", subject="Crêpe night", sent_copy=True)
    delivery.deliver_domain("hamburger.edu")
    (found,) = inbox(alice)
    report = dsn.parse(raw(found))
    (failure,) = report.failures
    assert (failure.recipient, failure.action, failure.status) == ("nobody@hamburger.edu", "failed", "5.1.1")
    assert failure.diagnostic == f"smtp; {REFUSAL}"
    assert failure.remote == "127.0.0.1"
    assert report.original_message_id == entry.message_id
    assert raw(found).startswith(b"Return-Path: <>\r\n")
    assert "nobody@hamburger.edu" in found.preview
    event = Event.objects.get(entry=entry, kind="bounced")
    assert event.detail["report"] == found.pk


def test_it_joins_the_report_to_the_conversation_of_the_message(alice):
    entry = queued(alice, "nobody@hamburger.edu", sent_copy=True, subject="Crêpe night")
    delivery.deliver_domain("hamburger.edu")
    (found,) = inbox(alice)
    assert entry.message_id in found.references


def test_it_does_not_take_its_own_report_for_news_from_the_other_server(alice):
    entry = queued(alice, "nobody@hamburger.edu", sent_copy=True)
    delivery.deliver_domain("hamburger.edu")
    (way,) = timeline.path_of(alice.pk, entry.sent_copy_id).ways
    assert way.state == "bounced"
    assert Event.objects.filter(entry=entry, kind="bounced").count() == 1


def test_it_reports_about_several_recipients_at_once(alice):
    queued(alice, "nobody@hamburger.edu", "noone@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    (found,) = inbox(alice)
    assert {failure.recipient for failure in dsn.parse(raw(found)).failures} == {
        "nobody@hamburger.edu",
        "noone@hamburger.edu",
    }


def test_it_reports_when_the_time_is_over(alice, refusing):
    refusing._script["MAIL"] = ["451 4.3.0 Not now"]
    queued(alice, "bob@hamburger.edu", at=timezone.now() - timedelta(days=5))
    delivery.deliver_domain("hamburger.edu")
    (found,) = inbox(alice)
    (failure,) = dsn.parse(raw(found)).failures
    assert (failure.action, failure.status) == ("failed", "4.4.7")
    assert "451 4.3.0 Not now" in failure.diagnostic


def test_it_quotes_the_header_and_never_the_attachments(alice):
    queued(alice, "nobody@hamburger.edu", body="very secret\r\n" * 1000, subject="Crêpe night")
    delivery.deliver_domain("hamburger.edu")
    (found,) = inbox(alice)
    assert b"very secret" not in raw(found)
    assert found.size < 8000


def test_it_returns_the_whole_message_when_that_was_asked_for(alice):
    entry = queued(alice, "nobody@hamburger.edu", body="very secret\r\n")
    entry.full_return = True
    entry.save()
    delivery.deliver_domain("hamburger.edu")
    assert b"very secret" in raw(inbox(alice)[0])


def test_a_report_keeps_what_the_message_said_about_encryption(alice):
    """RFC 8689 §5: of a protected message no more than its header; `TLS-Required: No` stands in the report too."""
    text = b"TLS-Required: No\r\n" + message(sender="alice@crepes.fr", body="Only for you\r\n")
    entry = queued(alice, "nobody@hamburger.edu", raw=text)
    entry.full_return = True
    entry.save()
    delivery.deliver_domain("hamburger.edu")
    QueueEntry.objects.filter(pk=entry.pk).update(require_tls=True)
    entry.refresh_from_db()
    (open_report,) = inbox(alice)
    assert raw(open_report).count(b"TLS-Required: No") == 2
    assert b"Only for you" in raw(open_report)
    bounces.report_all(entry, list(entry.recipients.all()), {}, at=timezone.now())
    assert b"Only for you" not in raw(inbox(alice)[-1])


@pytest.mark.parametrize(("notify", "told"), [("NEVER", False), ("DELAY", False), ("FAILURE,DELAY", True), ("", True)])
def test_it_keeps_to_the_wish_of_the_sender(alice, notify, told):
    queued(alice, "nobody@hamburger.edu", notify=notify)
    delivery.deliver_domain("hamburger.edu")
    assert bool(inbox(alice)) is told


def test_it_never_reports_about_a_report(alice):
    entry = queued(alice, "nobody@hamburger.edu", sender="")
    delivery.deliver_domain("hamburger.edu")
    assert entry.recipients.get().state == "bounced"
    assert inbox(alice) == []


@pytest.mark.parametrize("sender", ["gone@crepes.fr", "stranger@example.org", "not an address"])
def test_it_sends_no_report_to_strangers(alice, sender):
    entry = queued(alice, "nobody@hamburger.edu", sender=sender)
    delivery.deliver_domain("hamburger.edu")
    assert entry.recipients.get().state == "bounced"
    assert not MailboxMessage.objects.exists()


def test_it_reports_even_into_a_full_mailbox(alice):
    Account.objects.filter(pk=alice.pk).update(quota=10)
    queued(alice, "nobody@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert len(inbox(alice)) == 1


def test_it_records_the_delivery_even_when_the_report_fails(alice, monkeypatch, refusing):
    monkeypatch.setattr(inbound, "deliver", lambda _: 1 / 0)
    entry = queued(alice, "nobody@hamburger.edu", "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert set(entry.recipients.values_list("state", flat=True)) == {"bounced", "delivered"}
    assert len(refusing.messages) == 1
