"""The checks of senders at the MX: what is refused, filed as spam, written and kept."""

from __future__ import annotations

import re
from dataclasses import replace

import dkim as dkimpy
import pytest

from mailserver.mail.senderauth import authresults
from mailserver.net.senderauth import SenderCheck
from mailserver.practice.dns_server import DnsServer
from mailserver.services import messages
from mailserver.store.models import Event, Mailbox, MailboxMessage, Message
from tests.mail.senderauth import keys
from tests.support.dialogue import Dialogue
from tests.support.dns import SILENCE, FakeEvidence
from tests.support.listeners import in_the_tests_transaction, listening
from tests.support.runsmtp import runsmtp

NOW = 1_795_000_000
LETTER = (
    b"From: Alice <alice@crepes.fr>\r\nTo: bob@hamburger.edu\r\nSubject: Hi\r\nMessage-ID: <1@crepes.fr>\r\n\r\n"
    b"Do you like ketchup?\r\n"
)


def zone(policy: str = "reject", spf: str = "v=spf1 -all") -> dict:
    return {
        "crepes.fr": [("TXT", spf)],
        "mail._domainkey.crepes.fr": [("TXT", keys.record())],
        "_dmarc.crepes.fr": [("TXT", f"v=DMARC1; p={policy}")],
    }


def signed(letter: bytes = LETTER) -> bytes:
    return dkimpy.sign(letter, b"mail", b"crepes.fr", keys.pem(), linesep=b"\r\n") + letter


@pytest.fixture
def checking(tmp_path, bob):
    """`checking(zone)` gives a client of an MX that checks with this DNS; it has said EHLO."""
    stack = []

    def made(records, *, everybody: bool = True, seconds: float = 5.0) -> Dialogue:
        check = SenderCheck(FakeEvidence(records), seconds=seconds, clock=lambda: NOW)
        shared, listeners = in_the_tests_transaction(), listening(tmp_path, check=check, check_all=everybody)
        shared.__enter__()
        ports = listeners.__enter__()
        client = Dialogue(ports.mx)
        stack.extend((shared, listeners, client))
        client.expect("220 .*")
        client.ask("EHLO mx.crepes.fr", "250-.*")
        return client

    yield made
    for part in reversed(stack):
        part.__exit__(None, None, None)


def sent(client: Dialogue, letter: bytes, answer: str = r"250 2\.0\.0 Stored as .*") -> None:
    client.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    client.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    client.ask("DATA", "354 .*")
    client.push(letter + b".\r\n")
    client.expect(answer)


def place(account) -> str:
    (entry,) = MailboxMessage.objects.filter(account_id=account.pk).select_related("mailbox")
    return entry.mailbox.special_use


def words(message: Message) -> dict[str, str]:
    return {method.name: method.result for method in authresults.in_trace(bytes(message.prefix)).methods}


def test_it_files_mail_that_passes_and_writes_what_it_found(checking, bob):
    letter = signed()
    sent(checking(zone()), letter)
    message = Message.objects.get()
    assert place(bob) == Mailbox.Use.INBOX
    assert words(message) == {"spf": "fail", "dkim": "pass", "dmarc": "pass", "iprev": "permerror"}
    whole = messages.raw(message)
    assert whole.endswith(b"\tiprev=permerror policy.iprev=127.0.0.1\r\n" + letter)
    assert re.match(rb"Return-Path: <alice@crepes\.fr>\r\nDelivered-To: .*\r\nReceived: ", whole)
    assert b"\r\nAuthentication-Results: mx.hamburger.edu;\r\n\tspf=fail smtp.mailfrom=crepes.fr;\r\n" in whole
    assert message.size == len(whole)
    checks = Event.objects.get(kind=Event.Kind.STORED).detail["checks"]
    assert checks["dkim"] == ["pass crepes.fr"]
    assert (checks["dmarc"], checks["policy"], checks["disposition"]) == ("pass", "reject", "none")


def test_it_refuses_what_the_domain_of_the_author_disowns(checking, bob):
    client = checking(zone())
    sent(client, LETTER, r"550 5\.7\.1 The domain in From asks to refuse mail that it did not send \(DMARC\)")
    assert not Message.objects.exists()
    sent(client, signed())


def test_it_may_file_it_as_spam_instead(checking, bob, settings):
    settings.CORREIO = replace(settings.CORREIO, dmarc_reject="junk")
    sent(checking(zone()), LETTER)
    assert place(bob) == Mailbox.Use.JUNK


def test_it_files_as_spam_what_should_be_looked_at(checking, bob):
    sent(checking(zone("quarantine")), LETTER)
    assert place(bob) == Mailbox.Use.JUNK
    assert words(Message.objects.get())["dmarc"] == "fail"


def test_it_uses_the_inbox_of_who_has_no_folder_for_spam(checking, bob):
    Mailbox.objects.filter(account=bob, special_use=Mailbox.Use.JUNK).delete()
    sent(checking(zone("quarantine")), LETTER)
    assert place(bob) == Mailbox.Use.INBOX


def test_it_only_notes_what_a_domain_wants_to_be_told_of(checking, bob):
    sent(checking(zone("none")), LETTER)
    assert place(bob) == Mailbox.Use.INBOX
    assert words(Message.objects.get())["dmarc"] == "fail"


def test_it_takes_mail_while_the_dns_is_silent(checking, bob):
    client = checking(dict.fromkeys(zone(), SILENCE), seconds=0.2)
    sent(client, signed())
    assert place(bob) == Mailbox.Use.INBOX
    found = words(Message.objects.get())
    assert (found["spf"], found["dkim"], found["dmarc"]) == ("temperror",) * 3


def test_it_takes_mail_without_header_and_without_author(checking, bob):
    client = checking(zone())
    sent(client, b"Do you like ketchup?\r\n")
    whole = messages.raw(Message.objects.get())
    assert whole.endswith(b"policy.iprev=127.0.0.1\r\n\r\nDo you like ketchup?\r\n")


def test_it_does_not_check_its_own_networks(checking, bob):
    client = checking(zone(), everybody=False)
    sent(client, LETTER)
    message = Message.objects.get()
    assert place(bob) == Mailbox.Use.INBOX
    assert authresults.in_trace(bytes(message.prefix)) is None
    assert Event.objects.get(kind=Event.Kind.STORED).detail["checks"] is None


@pytest.mark.parametrize("everybody", [True, False])
def test_it_takes_out_results_that_claim_to_be_ours(checking, bob, everybody):
    forged = b"Authentication-Results: mx.hamburger.edu; dmarc=pass header.from=crepes.fr\r\n"
    foreign = b"Authentication-Results: mx.example.org; dmarc=pass header.from=crepes.fr\r\n"
    sent(checking(zone("none"), everybody=everybody), foreign + forged + LETTER)
    whole = messages.raw(Message.objects.get())
    assert whole.endswith(foreign + LETTER)
    assert b"mx.hamburger.edu; dmarc=pass" not in whole


def test_it_files_a_repeated_message_once(checking, bob):
    client = checking(zone())
    letter = signed()  # Once: each signature tells the second it was made in, which makes another message.
    sent(client, letter)
    sent(client, letter)
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("checks", "result"), [("all", "fail"), ("on", None), ("off", None)])
def test_it_checks_as_the_settings_say(tmp_path, bob, checks, result):
    records = {"crepes.fr": ["TXT v=spf1 -all"], "_dmarc.crepes.fr": ["TXT v=DMARC1\\; p=quarantine"]}
    with DnsServer(records) as server:
        host, port = server.address
        environ = {"CORREIO_SENDER_CHECKS": checks, "CORREIO_DNS_SERVER": f"{host}:{port}"}
        with runsmtp(tmp_path, environ=environ) as running, Dialogue(running.mx) as client:
            client.expect("220 .*")
            client.ask("EHLO mx.crepes.fr", "250-.*")
            sent(client, LETTER)
        assert bool(server.asked) == (checks == "all")
    found = authresults.in_trace(bytes(Message.objects.get().prefix))
    assert place(bob) == (Mailbox.Use.JUNK if result else Mailbox.Use.INBOX)
    assert (found and next(method.result for method in found.methods if method.name == "dmarc")) == result
