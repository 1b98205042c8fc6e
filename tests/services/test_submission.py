from __future__ import annotations

import re

import pytest
from django.db import transaction
from django.utils import timezone

from mailserver.errors import InvalidName, MessageRefused, NotFound, NotPermitted, TooManyRecipients
from mailserver.mail import addresses
from mailserver.services import mailboxes, messages, queue, submission
from mailserver.services.submission import SubmittedRecipient, may_send_as
from mailserver.store import blobs
from mailserver.store.models import Address, Blob, Event, Mailbox, MailboxMessage, Message, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message

ALICE = "Alice <alice@crepes.fr>"
WITH_BCC = message(sender=ALICE, to="Bob <bob@hamburger.edu>", extra="Bcc: dora@outside.example\r\n")


def submit(account, *, to=("bob@hamburger.edu",), raw=WITH_BCC, sender="alice@crepes.fr", **values):
    return submission.submit(
        account_id=account.pk,
        sender=sender,
        recipients=[SubmittedRecipient(address) for address in to],
        raw=raw,
        **values,
    )


@pytest.fixture
def woken(monkeypatch) -> list[set[str]]:
    calls: list[set[str]] = []
    monkeypatch.setattr(queue, "wake", lambda domains, at=None: calls.append(set(domains)))
    return calls


@pytest.fixture
def draft(alice) -> tuple[int, int]:
    box = mailboxes.by_use(alice.pk, Mailbox.Use.DRAFTS)
    filed = messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=WITH_BCC, flags=Flag.DRAFT)
    return box.pk, filed.uid


def in_folder(account, use) -> list[MailboxMessage]:
    return list(MailboxMessage.objects.filter(account=account, mailbox__special_use=use))


def test_it_queues_a_message_of_a_mail_program(alice, woken):
    done = submit(
        alice,
        to=["bob@hamburger.edu", "dora@Outside.example", "zoë@crêpes.example"],
        peer="192.0.2.1",
        helo="laptop",
        tls="TLSv1.3 X",
    )
    entry = QueueEntry.objects.get(pk=done.entry_id)
    assert entry.reference == done.reference
    assert (entry.sender, entry.subject, entry.smtputf8, entry.sent_copy) == (
        "alice@crepes.fr",
        "Crêpe night",
        False,
        None,
    )
    assert entry.message_id.endswith("@hamburger.edu")
    out = blobs.read(entry.blob_id)
    assert out == WITH_BCC.replace(b"Bcc: dora@outside.example\r\n", b"")
    assert entry.size == len(entry.prefix) + len(out)
    assert not re.search(rb"laptop|192\.0\.2\.1", bytes(entry.prefix))
    assert re.match(rb"Received: from (\S+)\r\n\tby \1 with ", bytes(entry.prefix))
    came = Event.objects.get(entry=entry, kind=Event.Kind.SUBMITTED).detail
    assert (came["helo"], came["peer"]) == ("laptop", "192.0.2.1")
    rows = list(entry.recipients.order_by("id"))
    assert [(row.address, row.domain, row.state) for row in rows] == [
        ("bob@hamburger.edu", "hamburger.edu", "queued"),
        ("dora@outside.example", "outside.example", "queued"),
        ("zoë@xn--crpes-isa.example", "xn--crpes-isa.example", "queued"),
    ]
    assert all(row.next_attempt_at == entry.not_before for row in rows)
    assert woken == [{"hamburger.edu", "outside.example", "xn--crpes-isa.example"}]
    assert not in_folder(alice, Mailbox.Use.SENT)
    assert [event.kind for event in Event.objects.filter(entry=entry)] == ["submitted", "queued"]
    assert Blob.objects.count() == 1


def test_it_keeps_the_copy_of_the_page_with_its_bcc_and_removes_the_draft(alice, draft, woken):
    done = submit(
        alice,
        to=["bob@hamburger.edu", "dora@outside.example"],
        composed_at=timezone.now(),
        draft=draft,
        peer="127.0.0.1",
    )
    entry = QueueEntry.objects.get(pk=done.entry_id)
    (sent,) = in_folder(alice, Mailbox.Use.SENT)
    assert entry.sent_copy_id == sent.message_id
    assert sent.flags == Flag.SEEN
    assert messages.raw(Message.objects.get(pk=sent.message_id)) == WITH_BCC
    assert b"Bcc" not in blobs.read(entry.blob_id)
    assert b"127.0.0.1" not in bytes(entry.prefix)
    assert not in_folder(alice, Mailbox.Use.DRAFTS)
    events = Event.objects.filter(entry=entry)
    assert [event.kind for event in events] == ["composed", "submitted", "queued"]
    assert {event.message_id for event in events} == {sent.message_id}


def test_the_sent_copy_shares_its_octets_when_there_is_no_bcc(alice, woken):
    before = Blob.objects.count()
    raw = message(sender=ALICE)
    entry = QueueEntry.objects.get(pk=submit(alice, raw=raw, composed_at=timezone.now()).entry_id)
    assert entry.sent_copy.blob_id == entry.blob_id
    assert Blob.objects.count() == before + 1


def test_it_does_not_send_a_draft_twice(alice, draft, woken):
    submit(alice, composed_at=timezone.now(), draft=draft)
    with pytest.raises(NotFound):
        submit(alice, composed_at=timezone.now(), draft=draft)
    assert QueueEntry.objects.count() == 1
    assert len(in_folder(alice, Mailbox.Use.SENT)) == 1


def test_it_touches_no_draft_of_somebody_else(alice, bob, draft, woken):
    with pytest.raises(NotFound):
        submit(bob, sender="bob@hamburger.edu", raw=message(), composed_at=timezone.now(), draft=draft)
    assert len(in_folder(alice, Mailbox.Use.DRAFTS)) == 1


def test_it_adds_date_and_message_id_to_both(alice, woken):
    raw = b"From: alice@crepes.fr\r\nBcc: bob@hamburger.edu\r\n\r\nHi\r\n"
    entry = QueueEntry.objects.get(pk=submit(alice, raw=raw, composed_at=timezone.now()).entry_id)
    kept = blobs.read(entry.sent_copy.blob_id)
    assert kept.endswith(raw)
    assert kept.replace(b"Bcc: bob@hamburger.edu\r\n", b"") == blobs.read(entry.blob_id)
    assert entry.message_id.endswith("@crepes.fr")
    assert f"Message-ID: <{entry.message_id}>".encode() in kept


@pytest.mark.parametrize(
    "sender",
    ["bob@hamburger.edu", "alice@hamburger.edu", "alicia@crepes.fr", "charlie@outside.example", "x+alice@crepes.fr"],
)
def test_it_refuses_a_sender_that_is_not_alice(alice, bob, sender):
    with pytest.raises(NotPermitted):
        submit(alice, sender=sender)
    assert not QueueEntry.objects.exists()


@pytest.mark.parametrize(
    "header",
    [
        "From: bob@hamburger.edu",
        "From: Alice <bob@hamburger.edu>",
        "From: alice@crepes.fr <bob@hamburger.edu>",
        "From: alice@crepes.fr, bob@hamburger.edu",
        "From: alice@crepes.fr\r\nFrom: bob@hamburger.edu",
        "From: alice@crepes.fr\r\nfRoM : bob@hamburger.edu",
        "From: alice@crepes.fr\r\nSender: bob@hamburger.edu",
        "From: Alice",
        "From:",
        "From: =?utf-8?q?alice=40crepes=2Efr?= <bob@hamburger.edu>",
    ],
)
def test_it_refuses_a_from_that_is_not_alice(alice, bob, header):
    with pytest.raises(NotPermitted):
        submit(alice, raw=f"{header}\r\nSubject: x\r\n\r\nHi\r\n".encode())
    assert not QueueEntry.objects.exists()


def test_it_writes_the_sender_into_what_has_no_from(alice, woken):
    raw = b"Do you like ketchup?\r\n"
    entry = QueueEntry.objects.get(pk=submit(alice, sender="alice+me@crepes.fr", raw=raw).entry_id)
    out = blobs.read(entry.blob_id)
    assert b"\r\nFrom: alice+me@crepes.fr\r\n" in out
    assert out.endswith(b"\r\n\r\n" + raw)
    with pytest.raises(NotPermitted):
        submit(alice, sender="", raw=raw)


@pytest.mark.parametrize(
    ("raw", "needed"),
    [
        (message(sender=ALICE, subject="Crepe night"), False),
        (b"From: alice@crepes.fr\r\n\r\ncr\xc3\xaape\r\n", False),
        ("From: alice@crepes.fr\r\nTo: zoë@crepes.fr\r\n\r\nHi\r\n".encode(), True),
        ("From: alice@crepes.fr\r\nContent-Type: message/global\r\n\r\nFrom: zoë@x.example\r\n".encode(), True),
    ],
)
def test_it_asks_for_smtputf8_only_when_the_message_needs_it(alice, woken, raw, needed):
    done = submit(alice, raw=raw, to=["bob@hamburger.edu"], smtputf8=True)
    assert QueueEntry.objects.get(pk=done.entry_id).smtputf8 is needed


def test_it_takes_every_address_of_alice(alice, domains, woken):
    Address.objects.create(domain=domains["hamburger.edu"], local_part="Al", account=alice)
    Address.objects.create(domain=domains["hamburger.edu"], local_part="old", account=alice, enabled=False)
    for address in ("alice@crepes.fr", "ALICE+shop@crepes.fr", "al@hamburger.edu"):
        assert may_send_as(account_id=alice.pk, address=addresses.parse(address))
        submit(alice, sender=address, raw=message(sender=address))
    assert not may_send_as(account_id=alice.pk, address=addresses.parse("old@hamburger.edu"))


def test_it_takes_a_read_receipt_without_sender(alice, woken):
    assert QueueEntry.objects.get(pk=submit(alice, sender="", raw=message(sender=ALICE)).entry_id).sender == ""


def test_it_writes_to_each_recipient_once(alice, woken):
    submit(alice, to=["bob@hamburger.edu", "bob@Hamburger.EDU", "bob@hamburger.edu"])
    assert QueueRecipient.objects.count() == 1


def test_it_keeps_the_wishes_about_reports(alice, woken):
    wish = SubmittedRecipient("bob@hamburger.edu", "SUCCESS,FAILURE", "rfc822;bob@hamburger.edu")
    done = submission.submit(
        account_id=alice.pk,
        sender="alice@crepes.fr",
        recipients=[wish],
        raw=WITH_BCC,
        envelope_id="QQ314159",
        full_return=True,
    )
    entry = QueueEntry.objects.get(pk=done.entry_id)
    row = entry.recipients.get()
    assert (entry.envelope_id, entry.full_return) == ("QQ314159", True)
    assert (row.notify, row.original_recipient) == ("SUCCESS,FAILURE", "rfc822;bob@hamburger.edu")


def test_it_has_bounds(alice, woken):
    with pytest.raises(TooManyRecipients):
        submit(alice, to=[f"u{number}@outside.example" for number in range(501)])
    with pytest.raises(InvalidName):
        submit(alice, to=[])
    with pytest.raises(InvalidName):
        submit(alice, to=["no address"])
    with pytest.raises(MessageRefused):
        submit(alice, raw=b"From: alice@crepes.fr\r\n" + b"X: y\r\n" * 1000 + b"\r\n")


def test_it_leaves_nothing_when_it_fails(alice, draft, monkeypatch):
    def broken(domains, at=None):
        raise RuntimeError("in the middle")

    monkeypatch.setattr(queue, "wake", broken)
    before = Blob.objects.count()
    with pytest.raises(RuntimeError), transaction.atomic():
        submit(alice, composed_at=timezone.now(), draft=draft)
    assert not QueueEntry.objects.exists()
    assert not in_folder(alice, Mailbox.Use.SENT)
    assert len(in_folder(alice, Mailbox.Use.DRAFTS)) == 1
    assert Blob.objects.count() == before
    assert not Event.objects.exists()
