"""What a worker does with the due mail of one destination, against scripted servers on loopback."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connections
from django.utils import timezone

from mailserver.practice.dns_server import SERVFAIL, DnsServer
from mailserver.practice.scripted import CLOSE, ScriptedServer
from mailserver.services import accounts, bounces, delivery, delivery_books, queue, queue_record_bulk
from mailserver.store.models import Account, Domain, Event, MailboxMessage, QueueEntry
from tests.support.mail import message
from tests.support.queueing import RECEIVED, notes, only, queued

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_files_mail_for_a_local_domain_without_a_connection(configure, alice, bob):
    entry = queued(alice, "bob@hamburger.edu", body="Bonjour Bob\r\n")
    assert delivery.deliver_domain("hamburger.edu") == 1

    recipient = only(entry)
    assert recipient.state == "delivered"
    assert recipient.finished_at is not None
    assert recipient.lease_token is None
    found = MailboxMessage.objects.get(account=bob).message
    raw = bytes(found.prefix) + bytes(found.blob.raw)
    assert raw.startswith(b"Return-Path: <alice@crepes.fr>\r\nDelivered-To: bob@hamburger.edu\r\n")
    assert RECEIVED in raw
    assert raw.endswith(b"Bonjour Bob\r\n")
    stored = Event.objects.get(kind="stored", account=bob)
    assert recipient.reply_text.endswith(stored.reference)
    entry.refresh_from_db()
    assert entry.finished_at is not None


def test_of_several_destinations_that_live_here_the_first_is_served_and_the_others_are_rung(
    configure, alice, bob, monkeypatch
):
    """They do not wait for each other, and mail for other servers waits for none of them."""
    rung = []
    monkeypatch.setattr(delivery, "wake", lambda domains: rung.extend(domains))
    mine = queued(alice, "alice@crepes.fr")
    other = queued(alice, "bob@hamburger.edu")
    delivery.answer_bell(["hamburger.edu", "crepes.fr"])
    assert (only(mine).state, only(other).state, rung) == ("delivered", "queued", ["hamburger.edu"])


def test_it_sends_by_smtp_and_keeps_the_dialogue(remote, alice):
    server = remote(replies={"END": "250 2.0.0 Stored as ABCDEFGHIJKL"})
    entry = queued(alice, "bob@hamburger.edu")
    assert delivery.deliver_domain("hamburger.edu") == 1

    assert server.messages == [RECEIVED + bytes(entry.blob.raw)]
    recipient = only(entry)
    assert (recipient.state, recipient.reply_code, recipient.reply_enhanced) == ("delivered", 250, "2.0.0")
    assert recipient.reply_text == "Stored as ABCDEFGHIJKL"
    assert recipient.remote_host == "127.0.0.1"
    attempt = entry.attempts.get()
    assert (attempt.number, attempt.source, attempt.remote_port) == (1, "route", server.port)
    said = [(side, text) for _, side, text in attempt.transcript]
    assert said[0] == ("note", f"Route of hamburger.edu: 127.0.0.1, port {server.port}")
    assert ("client", "EHLO crepes.fr") in said
    assert ("client", "RCPT TO:<bob@hamburger.edu>") in said
    assert ("server", "250 2.0.0 Stored as ABCDEFGHIJKL") in said
    event = Event.objects.get(entry=entry)
    assert (event.kind, event.recipient, event.account_id) == ("delivered", "bob@hamburger.edu", alice.pk)
    assert event.detail["attempt"] == attempt.pk


def test_it_puts_the_recipients_of_one_domain_into_one_transaction(remote, alice):
    server = remote()
    entry = queued(alice, "bob@hamburger.edu", "charlie@hamburger.edu")
    assert delivery.deliver_domain("hamburger.edu") == 1
    assert len(server.messages) == 1
    assert [command for command in server.commands if command.startswith("RCPT")] == [
        "RCPT TO:<bob@hamburger.edu>",
        "RCPT TO:<charlie@hamburger.edu>",
    ]
    assert set(entry.recipients.values_list("state", flat=True)) == {"delivered"}


def test_it_settles_each_recipient_by_its_own_reply(remote, alice):
    remote(
        replies={
            "RCPT bob@hamburger.edu": "450 4.7.1 Greylisted, please try again later",
            "RCPT nobody@hamburger.edu": "550 5.1.1 No such user here",
        }
    )
    entry = queued(alice, "bob@hamburger.edu", "charlie@hamburger.edu", "nobody@hamburger.edu")
    before = timezone.now()
    delivery.deliver_domain("hamburger.edu")

    states = dict(entry.recipients.values_list("address", "state"))
    assert states == {
        "bob@hamburger.edu": "deferred",
        "charlie@hamburger.edu": "delivered",
        "nobody@hamburger.edu": "bounced",
    }
    waiting = entry.recipients.get(state="deferred")
    step = settings.CORREIO.retry_schedule[0]
    assert before + step * 0.9 <= waiting.next_attempt_at <= timezone.now() + step * 1.1
    assert waiting.attempts == 1
    entry.refresh_from_db()
    assert entry.finished_at is None
    outcomes = dict(entry.attempts.get().results.values_list("recipient__address", "outcome"))
    assert outcomes == states


def test_it_tries_again_when_the_time_has_come_and_not_before(remote, configure, alice):
    server = remote(replies={"MAIL": ["451 4.7.1 Later", "250 OK"]})
    entry = queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert delivery.deliver_domain("hamburger.edu") == 0
    assert len(server.sessions) == 1

    entry.recipients.update(next_attempt_at=timezone.now())
    assert delivery.deliver_domain("hamburger.edu") == 1
    assert only(entry).state == "delivered"
    assert list(entry.attempts.values_list("number", flat=True)) == [1, 2]


def test_it_gives_up_when_the_message_has_been_tried_long_enough(remote, alice):
    remote(replies={"MAIL": "451 4.7.1 Later"})
    entry = queued(alice, "bob@hamburger.edu", at=timezone.now() - settings.CORREIO.expire_after)
    delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "expired"
    entry.refresh_from_db()
    assert entry.finished_at is not None
    assert Event.objects.get(entry=entry, kind="bounced").detail["expired"] is True


def test_it_goes_on_at_once_with_recipients_for_whom_a_transaction_had_no_room(remote, alice):
    server = remote(replies={"RCPT charlie@hamburger.edu": ["452 4.5.3 Too many recipients", "250 2.1.5 OK"]})
    entry = queued(alice, "bob@hamburger.edu", "charlie@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert set(entry.recipients.values_list("state", flat=True)) == {"delivered"}
    assert len(server.messages) == 2


def test_it_finds_the_next_hop_by_dns_and_says_so(configure, alice, domains):
    Domain.objects.filter(name="hamburger.edu").delete()
    zone = {"hamburger.edu": ["MX 10 mx1.hamburger.edu."], "mx1.hamburger.edu": ["A 127.0.0.1"]}
    with ScriptedServer() as server, DnsServer(zone) as dns:
        configure(dns_server=dns.address, remote_smtp_port=server.port, routes={})
        entry = queued(alice, "bob@hamburger.edu")
        delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "delivered"
    assert notes(entry)[0] == "MX of hamburger.edu: mx1.hamburger.edu [127.0.0.1], preference 10"
    attempt = entry.attempts.get()
    assert (attempt.source, attempt.preference, attempt.remote_host) == ("mx", 10, "mx1.hamburger.edu")


def test_it_bounces_for_a_domain_that_does_not_exist(configure, alice, domains):
    with DnsServer({}) as dns:
        configure(dns_server=dns.address, routes={})
        entry = queued(alice, "bob@nowhere.example")
        delivery.deliver_domain("nowhere.example")
    recipient = only(entry)
    assert (recipient.state, recipient.reply_code, recipient.reply_enhanced) == ("bounced", None, "5.1.2")
    assert notes(entry) == ["The domain nowhere.example does not exist"]


def test_it_waits_when_the_dns_fails(configure, alice, domains):
    with DnsServer({"nowhere.example": SERVFAIL}) as dns:
        configure(dns_server=dns.address, routes={})
        entry = queued(alice, "bob@nowhere.example")
        delivery.deliver_domain("nowhere.example")
    recipient = only(entry)
    assert (recipient.state, recipient.reply_enhanced, recipient.attempts) == ("deferred", "4.4.3", 1)


def test_it_defers_when_the_server_hangs_up(remote, alice):
    remote(replies={"DATA": CLOSE})
    entry = queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    recipient = only(entry)
    assert (recipient.state, recipient.reply_code) == ("deferred", None)
    assert recipient.reply_text


def test_it_bounces_unknown_people_of_a_local_domain_and_files_the_others(configure, alice, bob):
    entry = queued(alice, "nobody@hamburger.edu", "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    states = dict(entry.recipients.values_list("address", "state"))
    assert states == {"bob@hamburger.edu": "delivered", "nobody@hamburger.edu": "bounced"}
    assert entry.recipients.get(state="bounced").reply_enhanced == "5.1.1"
    assert MailboxMessage.objects.filter(account=bob).count() == 1


def test_it_waits_for_room_in_a_full_local_mailbox_and_then_gives_up(configure, alice, bob):
    Account.objects.filter(pk=bob.pk).update(quota=10)
    entry = queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    recipient = only(entry)
    assert (recipient.state, recipient.reply_code, recipient.reply_enhanced) == ("deferred", 452, "4.2.2")

    QueueEntry.objects.update(not_before=timezone.now() - timedelta(days=6))
    entry.recipients.update(next_attempt_at=timezone.now())
    delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "expired"
    assert not MailboxMessage.objects.filter(account=bob).exists()


def test_it_answers_a_second_delivery_of_the_same_message_without_filing_it_twice(configure, alice, bob):
    raw = message(sender="Alice <alice@crepes.fr>", to="bob@hamburger.edu")
    for _ in range(2):
        entry = queued(alice, "bob@hamburger.edu", raw=raw)
        delivery.deliver_domain("hamburger.edu")
        assert only(entry).state == "delivered"
    assert MailboxMessage.objects.filter(account=bob).count() == 1


def test_it_spares_the_other_messages_a_call_that_reaches_nobody(remote, alice):
    server = remote(replies={"BANNER": "421 4.3.2 Closed for today"})
    entries = [queued(alice, f"u{number}@hamburger.edu") for number in range(6)]
    assert delivery.deliver_domain("hamburger.edu") == 6
    assert len(server.sessions) == 1
    assert {(row.state, row.attempts, row.reply_code) for row in map(only, entries)} == {("deferred", 1, 421)}
    assert notes(entries[-1]) == ["Not called again so soon after: 421 4.3.2 Closed for today"]


def test_it_keeps_the_order_of_urgency(remote, alice):
    remote()
    queued(alice, "late@hamburger.edu", at=timezone.now() - timedelta(minutes=1))
    early = queued(alice, "early@hamburger.edu", at=timezone.now() - timedelta(minutes=2))
    urgent = queued(alice, "urgent@hamburger.edu")
    QueueEntry.objects.filter(pk=urgent.pk).update(priority=1)
    assert queue.claim("hamburger.edu", 1)[0].entry_id == urgent.pk
    assert queue.claim("hamburger.edu", 1)[0].entry_id == early.pk


def test_it_delivers_to_aliases_of_one_account_once(configure, alice, bob):
    accounts.add_alias(account_id=bob.pk, address="robert@hamburger.edu")
    entry = queued(alice, "bob@hamburger.edu", "robert@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert set(entry.recipients.values_list("state", flat=True)) == {"delivered"}
    assert MailboxMessage.objects.filter(account=bob).count() == 1


def test_it_files_two_messages_that_cross_with_their_reports(configure, monkeypatch, alice, bob):
    """Each worker has filed its message and comes to the report for the other's Inbox at the same time."""
    to_bob = queued(alice, "bob@hamburger.edu", "nobody@hamburger.edu")
    to_alice = queued(bob, "alice@crepes.fr", "nobody@crepes.fr")
    both, report = threading.Barrier(2), bounces.report_all

    def meet(*args, **values):
        with suppress(threading.BrokenBarrierError):
            both.wait(0.5)
        return report(*args, **values)

    def work(domain: str) -> int:
        try:
            return delivery.deliver_domain(domain)
        finally:
            connections.close_all()

    monkeypatch.setattr(bounces, "report_all", meet)
    with ThreadPoolExecutor(2) as workers:
        assert list(workers.map(work, ("hamburger.edu", "crepes.fr"))) == [1, 1]
    for entry in (to_bob, to_alice):
        assert set(entry.recipients.values_list("state", flat=True)) == {"delivered", "bounced"}
        assert Event.objects.get(entry=entry, kind="bounced").detail["report"]


def test_it_waits_for_a_database_that_restarts_with_what_the_other_server_has_taken(remote, monkeypatch, alice):
    server, record, away = remote(), queue_record_bulk.record_all, [OperationalError("away")] * 2

    def recorded(*args):
        if away:
            raise away.pop()
        return record(*args)

    monkeypatch.setattr(queue_record_bulk, "record_all", recorded)
    monkeypatch.setattr(delivery_books, "RECORDING_PAUSES", (0, 0, 0))
    entry = queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "delivered"
    assert len(server.messages) == 1
    assert not away
