"""The list of failing addresses: who gets on it, who does not, and what it does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.conf import Limit
from mailserver.errors import NotFound
from mailserver.mail import dsn
from mailserver.services import delivery, retention, submission, suppression
from mailserver.services.accounts import create_account
from mailserver.services.submission import SubmittedRecipient
from mailserver.store.models import MailboxMessage, QueueEntry, Suppression
from tests.support.mail import message
from tests.support.queueing import only, queued

pytestmark = pytest.mark.django_db(transaction=True)

NOBODY, BOB = "nobody@hamburger.edu", "bob@hamburger.edu"
UNKNOWN = {f"RCPT {NOBODY}": "550 5.1.1 No such user here"}


def fail(account, times: int = 1) -> None:
    for _ in range(times):
        queued(account, NOBODY)
        delivery.deliver_domain("hamburger.edu")


def submit(account, *people: str) -> QueueEntry:
    raw = message(sender=f"{account.name} <{account.address}>", to=", ".join(people))
    wanted = [SubmittedRecipient(person) for person in people]
    made = submission.submit(account_id=account.pk, sender=account.address, recipients=wanted, raw=raw)
    return QueueEntry.objects.get(pk=made.entry_id)


def active(account) -> list[str]:
    return [row.address for row in suppression.active(account.pk)]


@pytest.mark.parametrize(
    ("code", "enhanced", "text", "hard"),
    [
        (550, "5.1.1", "No such user", True),
        (0, "5.1.10", "The domain takes no mail", True),
        (550, "5.2.1", "Mailbox disabled", True),
        (550, "", "User unknown", True),
        (550, "5.0.0", "no such user", True),
        (552, "5.2.2", "Mailbox full", False),
        (552, "", "Quota exceeded", False),
        (550, "5.7.1", "No such user, says our policy", False),
        (550, "", "Blocked by our list", False),
        (554, "5.6.0", "Bad content", False),
        (550, "5.4.1", "Recipient address rejected", False),
    ],
)
def test_only_what_no_patience_helps_counts(code, enhanced, text, hard):
    assert suppression.is_hard(code, enhanced, text) is hard


def test_the_second_message_that_comes_back_puts_the_address_on_the_list(alice, remote):
    remote(replies=UNKNOWN)
    fail(alice)
    assert active(alice) == []
    fail(alice)
    assert active(alice) == [NOBODY]
    row = Suppression.objects.get()
    assert (row.failures, row.status, row.reason) == (2, "5.1.1", "550 5.1.1 No such user here")
    assert row.until - row.since == suppression.KEPT


def test_one_message_counts_once_and_old_ones_not_at_all(alice, remote):
    remote()
    entry, now = queued(alice, NOBODY), timezone.now()
    for _ in range(3):
        suppression.count(entry, NOBODY, status="5.1.1", reason="no", at=now)
    assert Suppression.objects.get().failures == 1
    suppression.count(queued(alice, NOBODY), NOBODY, status="5.1.1", reason="no", at=now + timedelta(days=31))
    assert Suppression.objects.get().failures == 1
    assert active(alice) == []


def test_further_mail_comes_back_at_once_with_the_reason(alice, remote):
    server = remote(replies=UNKNOWN)
    fail(alice, 2)
    before = MailboxMessage.objects.filter(account=alice).count()
    entry = submit(alice, NOBODY, BOB)
    row = entry.recipients.get(address=NOBODY)
    assert (row.state, row.reply_enhanced) == ("bounced", "5.7.1")
    assert entry.recipients.get(address=BOB).state == "queued"
    (report,) = list(MailboxMessage.objects.filter(account=alice).order_by("uid"))[before:]
    (failure,) = dsn.parse(bytes(report.message.blob.raw)).failures
    assert failure.recipient == NOBODY
    assert "came back 2 times, at last with: 550 5.1.1 No such user here" in failure.diagnostic
    assert "Failing addresses" in bytes(report.message.blob.raw).decode()
    commands = len(server.commands)
    delivery.deliver_domain("hamburger.edu")
    assert not [command for command in server.commands[commands:] if NOBODY in command]
    assert Suppression.objects.get().failures == 2


def test_others_may_still_write_to_it(alice, remote):
    remote(replies=UNKNOWN)
    fail(alice, 2)
    dora = create_account(address="dora@crepes.fr", password="galette", name="Dora")
    assert only(submit(dora, NOBODY)).state == "queued"


def test_a_killed_server_loses_nothing(alice, remote, monkeypatch):
    server = remote()
    queued(alice, NOBODY)
    now = timezone.now()
    Suppression.objects.create(account=alice, address=NOBODY, failures=2, last_at=now, since=now)
    monkeypatch.setattr("mailserver.services.suppressed._refuse", lambda *_: 1 / 0)
    entry = submit(alice, NOBODY)
    assert only(entry).state == "delivering"
    entry.recipients.update(lease_until=now - timedelta(seconds=1))
    delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "delivered"
    assert server.messages


def test_a_success_takes_it_off(alice, remote):
    now = timezone.now()
    Suppression.objects.create(account=alice, address=BOB, failures=1, last_at=now)
    remote()
    submit(alice, BOB)
    delivery.deliver_domain("hamburger.edu")
    assert not Suppression.objects.exists()


def test_that_a_server_takes_what_it_returns_afterwards_proves_nothing(alice, remote):
    now = timezone.now()
    Suppression.objects.create(account=alice, address=BOB, failures=1, last_at=now, returned=True)
    remote()
    submit(alice, BOB)
    delivery.deliver_domain("hamburger.edu")
    assert Suppression.objects.get().failures == 1


def test_the_owner_takes_it_off(alice, charlie, remote):
    now = timezone.now()
    row = Suppression.objects.create(account=alice, address=BOB, failures=2, last_at=now, since=now)
    with pytest.raises(NotFound):
        suppression.remove(charlie.pk, row.pk)
    assert suppression.remove(alice.pk, row.pk) == BOB
    assert active(alice) == []


@pytest.mark.parametrize("limit", [None, Limit(1, timedelta(days=1))], ids=["off", "first"])
def test_how_many_it_takes_is_a_setting(alice, remote, configure, limit):
    remote(replies=UNKNOWN)
    configure(suppress=limit)
    fail(alice)
    assert active(alice) == ([NOBODY] if limit else [])


def test_what_is_old_is_forgotten(alice, remote):
    now = timezone.now()
    for address, days in ((BOB, 181), (NOBODY, 179)):
        Suppression.objects.create(account=alice, address=address, failures=1, last_at=now - timedelta(days=days))
    assert retention.tidy()["failing addresses"] == 1
    assert Suppression.objects.get().address == NOBODY
