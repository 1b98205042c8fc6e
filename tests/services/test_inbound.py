from __future__ import annotations

from mailserver.services import mailboxes, messages
from mailserver.services.inbound import Incoming, deliver
from mailserver.services.recipients import Local
from mailserver.store.models import Blob, Event, Mailbox, MailboxMessage, Message
from tests.support.mail import message


def local(account) -> Local:
    return Local(account.pk, account.address)


def test_it_keeps_the_octets_and_puts_its_trace_in_front(alice):
    raw = message(body="\u00e0 samedi\r\n.\r\nend")
    stored = deliver(Incoming(raw=raw, sender="bob@hamburger.edu", recipients=(local(alice),), helo="hamburger.edu"))
    row = Message.objects.get(pk=stored.deliveries[0].message_id)
    whole = messages.raw(row)
    assert whole.endswith(raw)
    assert whole.startswith(
        b"Return-Path: <bob@hamburger.edu>\r\nDelivered-To: alice@crepes.fr\r\nReceived: from hamburger.edu"
    )
    assert row.size == len(whole)


def test_it_stores_the_body_once_for_two_people(alice, charlie):
    incoming = Incoming(raw=message(), sender="bob@hamburger.edu", recipients=(local(alice), local(charlie)))
    stored = deliver(incoming)
    assert Blob.objects.count() == 1
    assert {delivery.account_id for delivery in stored.deliveries} == {alice.pk, charlie.pk}
    events = Event.objects.filter(kind=Event.Kind.STORED, reference=stored.reference)
    assert {event.recipient for event in events} == {alice.address, charlie.address}


def test_it_files_the_same_octets_once_however_often_they_are_sent(alice):
    incoming = Incoming(
        raw=message(message_id="once@hamburger.edu"), sender="bob@hamburger.edu", recipients=(local(alice),)
    )
    first, second = deliver(incoming), deliver(incoming)
    assert first.reference != second.reference
    assert second.deliveries[0].duplicate
    assert second.deliveries[0].message_id == first.deliveries[0].message_id
    assert MailboxMessage.objects.filter(account_id=alice.pk).count() == 1
    assert Blob.objects.count() == 1


def test_it_files_the_same_octets_again_when_the_first_copy_was_deleted_for_good(alice):
    incoming = Incoming(raw=message(), sender="bob@hamburger.edu", recipients=(local(alice),))
    (first,) = deliver(incoming).deliveries
    messages.expunge(account_id=alice.pk, mailbox_id=first.mailbox_id, uids=[first.uid])
    (again,) = deliver(incoming).deliveries
    assert not again.duplicate
    assert MailboxMessage.objects.filter(account_id=alice.pk).count() == 1


def test_it_keeps_two_different_messages_with_one_message_id(alice):
    for body in ("one\r\n", "two\r\n"):
        raw = message(message_id="same@hamburger.edu", body=body)
        deliver(Incoming(raw=raw, sender="bob@hamburger.edu", recipients=(local(alice),)))
    assert MailboxMessage.objects.filter(account_id=alice.pk).count() == 2


def test_it_does_not_take_ones_own_sent_copy_for_a_delivery(alice):
    raw = message(sender="Alice <alice@crepes.fr>")
    sent = mailboxes.by_use(alice.pk, Mailbox.Use.SENT)
    messages.append(account_id=alice.pk, mailbox_id=sent.pk, raw=raw)
    assert not deliver(Incoming(raw=raw, sender=alice.address, recipients=(local(alice),))).deliveries[0].duplicate


def test_it_files_one_copy_for_two_addresses_of_one_person(alice):
    twice = (local(alice), Local(alice.pk, "alice+news@crepes.fr"))
    stored = deliver(Incoming(raw=message(), sender="", recipients=twice))
    assert len(stored.deliveries) == 2
    assert MailboxMessage.objects.filter(account_id=alice.pk).count() == 1


def test_it_keeps_text_that_has_no_header_apart_from_the_trace(alice):
    stored = deliver(Incoming(raw=b"Do you like ketchup?\r\n", sender="", recipients=(local(alice),)))
    whole = messages.raw(Message.objects.get(pk=stored.deliveries[0].message_id))
    assert whole.endswith(b"\r\n\r\nDo you like ketchup?\r\n")
