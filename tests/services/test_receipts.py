"""Read receipts: shown as a wish, sent only when the reader agrees, and once."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.errors import NotFound
from mailserver.mail import mdn
from mailserver.services import delivery, messages, receipts, timeline
from mailserver.store.models import Account, Event, MailboxMessage, Message, QueueEntry
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db(transaction=True)

ASKED = "Disposition-Notification-To: Alice <alice@crepes.fr>\r\n"


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr")


@pytest.fixture
def sent(alice, bob) -> QueueEntry:
    """Alice's message with the wish for a receipt, in Bob's Inbox."""
    entry = queued(alice, "bob@hamburger.edu", sent_copy=True, extra=ASKED)
    delivery.deliver_domain("hamburger.edu")
    return entry


def theirs(account: Account) -> Message:
    return Message.objects.get(account=account)


def flags(account: Account) -> int:
    return MailboxMessage.objects.get(account=account).flags


def test_it_shows_the_wish_to_the_reader(sent, bob, alice):
    request = receipts.requested(theirs(bob))
    assert request.to.address == "alice@crepes.fr"
    assert not request.sent_elsewhere


def test_it_says_nothing_to_the_sender_until_the_reader_agrees(sent, alice, bob):
    receipts.requested(theirs(bob))
    assert not Event.objects.filter(kind="read").exists()
    assert not QueueEntry.objects.exclude(pk=sent.pk).exists()
    assert timeline.path_of(alice.pk, sent.sent_copy_id).ways[0].state == "mailbox"


def test_it_sends_the_receipt_and_the_sender_knows(sent, alice, bob):
    receipts.send(account_id=bob.pk, message_id=theirs(bob).pk)
    entry = QueueEntry.objects.exclude(pk=sent.pk).get()
    assert (entry.sender, entry.account_id) == ("", bob.pk)
    receipt = mdn.parse(bytes(entry.blob.raw))
    assert (receipt.final_recipient, receipt.disposition) == ("bob@hamburger.edu", "displayed")
    assert flags(bob) & Flag.MDN_SENT
    assert Event.objects.get(kind="receipt_sent").message_id == theirs(bob).pk

    delivery.deliver_domain("crepes.fr")
    (way,) = timeline.path_of(alice.pk, sent.sent_copy_id).ways
    assert way.state == "read"
    assert timeline.path_of(bob.pk, theirs(bob).pk).ways[0].steps[5].sentence.startswith("You let the sender know")


def test_it_sends_it_once(sent, bob):
    receipts.send(account_id=bob.pk, message_id=theirs(bob).pk)
    assert receipts.requested(theirs(bob)) is None
    with pytest.raises(NotFound):
        receipts.send(account_id=bob.pk, message_id=theirs(bob).pk)
    assert QueueEntry.objects.count() == 2


def test_it_forgets_the_wish_when_the_reader_declines(sent, bob):
    receipts.dismiss(account_id=bob.pk, message_id=theirs(bob).pk)
    assert receipts.requested(theirs(bob)) is None
    assert QueueEntry.objects.count() == 1


def test_it_sends_nothing_for_others(sent, bob, charlie):
    for function in (receipts.send, receipts.dismiss):
        with pytest.raises(NotFound):
            function(account_id=charlie.pk, message_id=theirs(bob).pk)


@pytest.mark.parametrize(
    "extra",
    ["", "Disposition-Notification-To: a@example.org, b@example.org\r\n", "Disposition-Notification-To: nonsense\r\n"],
)
def test_it_shows_no_wish_when_there_is_none_to_be_met(alice, extra):
    assert receipts.requested(messages.get(alice.pk, delivered(alice, extra=extra).message_id)) is None


def test_it_warns_when_the_receipt_would_go_elsewhere(alice):
    there = delivered(alice, extra="Disposition-Notification-To: spy@example.org\r\n")
    assert receipts.requested(messages.get(alice.pk, there.message_id)).sent_elsewhere


@pytest.mark.parametrize("use", ["junk", "trash"])
def test_it_shows_no_wish_in_spam_and_trash(alice, use):
    there = delivered(alice, extra="Disposition-Notification-To: bob@hamburger.edu\r\n")
    target = alice.mailboxes.get(special_use=use)
    messages.move(account_id=alice.pk, mailbox_id=there.mailbox_id, uids=[there.uid], target_id=target.pk)
    assert receipts.requested(messages.get(alice.pk, there.message_id)) is None


def test_it_shows_no_wish_of_ones_own(sent, alice):
    assert receipts.requested(messages.get(alice.pk, sent.sent_copy_id)) is None
