"""Several workers, lost leases, and messages a worker stumbles over."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mailserver.practice.scripted import Drip
from mailserver.services import delivery, delivery_local, inbound, queue
from mailserver.services.delivery_office import Office
from mailserver.store.models import MailboxMessage, QueueRecipient
from tests.support.queueing import RECEIVED, notes, only, queued

pytestmark = pytest.mark.django_db(transaction=True)


def test_it_files_nothing_here_when_another_worker_has_taken_over(configure, alice, bob):
    entry = queued(alice, "bob@hamburger.edu")
    (held,) = queue.claim("hamburger.edu")
    entry.recipients.update(lease_token="00000000-0000-0000-0000-000000000001")
    delivery_local.deliver(held)
    assert not MailboxMessage.objects.filter(account=bob).exists()
    assert only(entry).state == "delivering"


def test_it_puts_off_a_message_it_stumbles_over_and_raises(configure, alice, bob, monkeypatch):
    stumbling, sound = queued(alice, "bob@hamburger.edu"), queued(alice, "bob@hamburger.edu")
    real = inbound.deliver

    def deliver(incoming, **options):
        if bytes(stumbling.blob.raw) in incoming.raw:
            raise RuntimeError("poison")
        return real(incoming, **options)

    monkeypatch.setattr(inbound, "deliver", deliver)
    with pytest.raises(RuntimeError, match="poison"):
        delivery.deliver_domain("hamburger.edu")
    assert only(sound).state == "delivered"
    put_off = only(stumbling)
    assert (put_off.state, put_off.attempts, put_off.lease_token) == ("deferred", 1, None)
    assert put_off.next_attempt_at > timezone.now() + settings.CORREIO.retry_schedule[0] * 0.8
    assert "RuntimeError" in notes(stumbling)[0]
    assert delivery.deliver_domain("hamburger.edu") == 0


def test_it_puts_off_a_message_that_stumbles_on_the_way_out(remote, alice, monkeypatch):
    remote()
    entry = queued(alice, "bob@hamburger.edu")
    monkeypatch.setattr("mailserver.services.delivery_load.contents", lambda _: {})
    monkeypatch.setattr("mailserver.services.delivery_load.blobs.read", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        delivery.deliver_domain("hamburger.edu")
    assert (only(entry).state, only(entry).attempts) == ("deferred", 1)


def test_it_lets_only_two_workers_talk_to_one_destination(configure, alice, domains):
    for _ in range(3):
        queued(alice, "bob@hamburger.edu")
    assert queue.claim("hamburger.edu", 1)
    assert queue.claim("hamburger.edu", 1)
    assert queue.claim("hamburger.edu", 1) == []


def together(work, times: int) -> None:
    """Run `work` in several threads at once, as several workers do."""
    faults = []

    def run() -> None:
        try:
            work()
        except Exception as fault:  # shown by the test below
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []


def test_it_delivers_each_message_once_with_several_workers(remote, alice):
    server = remote()
    entries = [queued(alice, "bob@hamburger.edu") for _ in range(12)]
    together(lambda: delivery.deliver_domain("hamburger.edu"), 3)
    assert sorted(server.messages) == sorted(RECEIVED + bytes(entry.blob.raw) for entry in entries)
    assert set(QueueRecipient.objects.values_list("state", flat=True)) == {"delivered"}


def test_it_files_each_message_once_with_several_workers(configure, alice, bob):
    for _ in range(12):
        queued(alice, "bob@hamburger.edu")
    together(lambda: delivery.deliver_domain("hamburger.edu"), 3)
    assert MailboxMessage.objects.filter(account=bob).count() == 12
    assert set(QueueRecipient.objects.values_list("state", flat=True)) == {"delivered"}


def test_it_keeps_its_lease_while_it_talks_to_a_slow_server(remote, alice, monkeypatch):
    monkeypatch.setattr(queue, "LEASE", timedelta(seconds=0.4))
    remote(replies={"END": Drip(b"250 2.0.0 Queued as 7F3A91\r\n", 0.05)})
    entry = queued(alice, "bob@hamburger.edu")
    claimed = []

    def another_worker() -> None:
        for _ in range(10):
            claimed.extend(queue.claim("hamburger.edu"))
            time.sleep(0.1)
        connection.close()

    thread = threading.Thread(target=another_worker)
    worker = threading.Thread(target=lambda: (delivery.deliver_domain("hamburger.edu"), connection.close()))
    worker.start()
    while not QueueRecipient.objects.filter(state="delivering").exists():
        time.sleep(0.01)
    thread.start()
    for each in (worker, thread):
        each.join()
    assert claimed == []
    assert (only(entry).state, only(entry).attempts) == ("delivered", 1)


def test_renewing_leases_waits_for_no_row_that_is_being_recorded(configure, alice):
    """It held the one and waited for the other, whose holder waited for the first: a deadlock."""
    for _ in range(2):
        queued(alice, "bob@hamburger.edu")
    claims = queue.claim("hamburger.edu")
    held = {claims[0].token: [each.recipients[0].recipient_id for each in claims]}
    renewed = []
    with transaction.atomic():
        queue.lock_held(claims[0])
        thread = threading.Thread(target=lambda: (renewed.append(queue.renew(held)), connection.close()))
        thread.start()
        thread.join(20)
    assert renewed == [1]
    assert queue.renew(held) == 2


class Killed(BaseException):
    """As if the process ended here."""


def test_a_worker_killed_between_the_250_and_the_record_sends_that_message_again_and_no_other(
    remote, alice, monkeypatch
):
    server = remote()
    entries = [queued(alice, f"u{number}@hamburger.edu", body=f"Number {number}") for number in range(4)]
    office, add = delivery._office, delivery._office.books.add

    def die(claim, report):
        if claim.entry_id == entries[2].pk:
            office.leases.let_go(claim)  # the dead renew nothing
            raise Killed
        return add(claim, report)

    monkeypatch.setattr(office.books, "add", die)
    with pytest.raises(Killed):
        delivery.deliver_domain("hamburger.edu")
    assert only(entries[2]).state == "delivering"
    assert len(server.messages) == 4

    monkeypatch.setattr(delivery, "_office", Office())
    entries[2].recipients.update(lease_until=timezone.now() - timedelta(seconds=1))
    assert delivery.deliver_domain("hamburger.edu") == 1
    assert set(QueueRecipient.objects.values_list("state", flat=True)) == {"delivered"}
    copies = [sum(f"Number {number}".encode() in raw for raw in server.messages) for number in range(4)]
    assert copies == [1, 1, 2, 1]
    assert "what was taken until then is unknown" in notes(entries[2])[0]
