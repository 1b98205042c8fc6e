from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.errors import SenderRefused
from mailserver.mail.senderauth.results import Dkim, Dmarc, Spf, Verdict
from mailserver.services import delivery, inbound, messages, sendercheck, timeline
from mailserver.services.inbound import Incoming
from mailserver.services.recipients import Local
from mailserver.store.models import Blob, Mailbox, MailboxMessage, Message
from tests.support.mail import message
from tests.support.queueing import queued

PASSED = Verdict(
    "198.51.100.25",
    Spf("pass", "hamburger.edu"),
    (Dkim("pass", "hamburger.edu"),),
    Dmarc("pass", "hamburger.edu"),
    "pass",
)
FAILED = replace(PASSED, spf=Spf("fail", "hamburger.edu"), dkim=(Dkim("none"),), dmarc=Dmarc("fail", "hamburger.edu"))


def incoming(*accounts, raw: bytes = b"", verdict: Verdict | None = None) -> Incoming:
    people = tuple(Local(account.pk, account.address) for account in accounts)
    return Incoming(raw=raw or message(), sender="bob@hamburger.edu", recipients=people, verdict=verdict)


def stored(account, verdict: Verdict | None) -> Message:
    (delivery,) = sendercheck.deliver(incoming(account, verdict=verdict)).deliveries
    return Message.objects.get(pk=delivery.message_id)


@pytest.mark.parametrize(("disposition", "use"), [("none", Mailbox.Use.INBOX), ("quarantine", Mailbox.Use.JUNK)])
def test_it_files_by_the_disposition(alice, charlie, disposition, use):
    sendercheck.deliver(incoming(alice, charlie, verdict=replace(FAILED, disposition=disposition)))
    uses = MailboxMessage.objects.values_list("account_id", "mailbox__special_use")
    assert set(uses) == {(alice.pk, use), (charlie.pk, use)}


def test_it_refuses_before_anything_is_stored(alice):
    with pytest.raises(SenderRefused):
        sendercheck.deliver(incoming(alice, verdict=replace(FAILED, disposition="reject")))
    assert not Blob.objects.exists()


def test_it_files_one_of_a_batch_as_spam_and_the_other_not(alice):
    inbound.deliver_all([replace(incoming(alice), junk=True), incoming(alice)])
    uses = MailboxMessage.objects.order_by("message_id").values_list("mailbox__special_use", flat=True)
    assert list(uses) == [Mailbox.Use.JUNK, Mailbox.Use.INBOX]


def test_it_keeps_the_octets_of_mail_without_forged_results(alice):
    raw = message(extra="Authentication-Results: mx.example.org; spf=pass\r\n")
    (delivery,) = sendercheck.deliver(incoming(alice, raw=raw)).deliveries
    assert messages.raw(Message.objects.get(pk=delivery.message_id)).endswith(raw)


def test_it_tells_the_reader_what_was_found(alice):
    told = sendercheck.told(stored(alice, PASSED))
    assert told.text == "the server may send for hamburger.edu (SPF), signed by hamburger.edu (DKIM)."
    assert not told.warning
    assert sendercheck.told(stored(alice, FAILED)).warning
    assert sendercheck.told(stored(alice, None)) is None


def test_it_believes_no_results_inside_the_message(alice, settings):
    field = f"Authentication-Results: {settings.CORREIO.hostname}; spf=pass smtp.mailfrom=hamburger.edu\r\n"
    (delivery,) = inbound.deliver(incoming(alice, raw=message(extra=field))).deliveries
    assert sendercheck.told(Message.objects.get(pk=delivery.message_id)) is None


def test_it_is_part_of_the_path_of_the_message(alice):
    (way,) = timeline.path_of(alice.pk, stored(alice, FAILED).pk).ways
    came = way.steps[3]
    assert came.facts[-1].text.startswith("Checked: the server may not send for hamburger.edu (SPF)")
    assert "This may not be from hamburger.edu" in came.sentence


@pytest.mark.django_db(transaction=True)
def test_it_takes_forged_results_out_of_mail_of_our_own_people(configure, alice, bob, settings):
    field = f"Authentication-Results: {settings.CORREIO.hostname}; dmarc=pass\r\n"
    queued(alice, "bob@hamburger.edu", extra=field)
    assert delivery.deliver_domain("hamburger.edu") == 1
    assert b"Authentication-Results" not in messages.raw(Message.objects.get(account=bob))
