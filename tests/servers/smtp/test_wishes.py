"""RET, ENVID, NOTIFY and ORCPT (RFC 3461) at both doors."""

from __future__ import annotations

import pytest

from mailserver.mail import dsn
from mailserver.mail.senderauth.results import Dmarc, Spf, Verdict
from mailserver.services import forwards
from mailserver.services.confirmations import confirm
from mailserver.store.models import Message, QueueEntry
from tests.support.dialogue import Dialogue, base64
from tests.support.people import PASSWORD

LETTER = ["From: Dora <dora@outside.example>", "Subject: Crepes", "Message-ID: <1@outside.example>", "", "Hi", "."]


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("RET=ALL", "RET is FULL or HDRS"),
        ("RET", "RET is FULL or HDRS"),
        ("RET=FULL RET=FULL", "A parameter has no such value"),
        ("ENVID", "ENVID is .*"),
        ("ENVID=a+ZZ", "ENVID is .*"),
        ("ENVID=" + "x" * 101, "ENVID is .*"),
    ],
)
def test_it_refuses_bad_wishes_for_the_message(hello, parameters, said):
    hello.ask(f"MAIL FROM:<alice@crepes.fr> {parameters}", rf"501 5\.5\.4 {said}")
    hello.ask("MAIL FROM:<alice@crepes.fr> RET=hdrs ENVID=QQ+2B1", "250 .*")


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ("NOTIFY=NEVER,SUCCESS", "NOTIFY is .*"),
        ("NOTIFY", "NOTIFY is .*"),
        ("NOTIFY=DELAY NOTIFY=DELAY", "A parameter has no such value"),
        ("ORCPT=bob@hamburger.edu", "ORCPT is .*"),
        ("ORCPT=utf-8;böb@hamburger.edu", "ORCPT is .*"),
        ("ORCPT=rfc822;" + "b" * 500, "ORCPT is .*"),
    ],
)
def test_it_refuses_bad_wishes_for_a_recipient(hello, bob, parameters, said):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask(f"RCPT TO:<bob@hamburger.edu> {parameters}", rf"501 5\.5\.4 {said}")
    hello.ask("RCPT TO:<bob@hamburger.edu> NOTIFY=success,delay ORCPT=rfc822;bob+2Bx@hamburger.edu", "250 .*")


def test_helo_knows_no_wishes(mx, bob):
    mx.ask("HELO crepes.fr", "250 .*")
    mx.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    mx.ask("RCPT TO:<bob@hamburger.edu> NOTIFY=NEVER", r"555 .*")


def test_submission_keeps_the_wishes(ports, connect, alice):
    client: Dialogue = connect(ports.submissions, encrypted=True)
    client.ask(f"AUTH PLAIN {base64(f'{chr(0)}alice@crepes.fr{chr(0)}{PASSWORD}')}", "235 .*")
    client.ask("MAIL FROM:<alice@crepes.fr> RET=HDRS ENVID=QQ+2B1", "250 .*")
    client.ask("RCPT TO:<dora@outside.example> NOTIFY=DELAY,SUCCESS ORCPT=rfc822;dora+2Bx@outside.example", "250 .*")
    client.ask("RCPT TO:<eve@outside.example>", "250 .*")
    client.ask("DATA", "354 .*")
    client.send("From: alice@crepes.fr", "", "Hi", ".")
    client.expect("250 .*")
    entry = QueueEntry.objects.get()
    assert (entry.envelope_id, entry.full_return) == ("QQ+1", False)
    dora, eve = entry.recipients.order_by("address")
    assert (dora.notify, dora.original_recipient) == ("SUCCESS,DELAY", "rfc822;dora+x@outside.example")
    assert (eve.notify, eve.original_recipient) == ("", "")


def sent(hello: Dialogue, *recipients: str) -> None:
    hello.ask("MAIL FROM:<dora@outside.example> RET=HDRS ENVID=E1", "250 .*")
    for recipient in recipients:
        hello.ask(f"RCPT TO:{recipient}", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.send(*LETTER)
    hello.expect("250 .*")


def test_a_stranger_is_told_of_no_success(hello, bob):
    sent(hello, "<bob@hamburger.edu> NOTIFY=SUCCESS")
    assert Message.objects.filter(account=bob).count() == 1
    assert not QueueEntry.objects.exists()


def verdict(spf: str, dmarc: str = "none") -> Verdict:
    return Verdict("192.0.2.1", Spf(spf, "outside.example"), (), Dmarc(dmarc, "outside.example"), "pass")


@pytest.mark.parametrize(
    ("found", "told"), [(verdict("pass"), True), (verdict("fail", "pass"), True), (verdict("softfail"), False)]
)
def test_a_sender_that_the_checks_vouch_for_is_told(hello, bob, monkeypatch, found, told):
    async def checked(*_):
        return found

    monkeypatch.setattr("mailserver.servers.smtp.mx.MxDoor._verdict", checked)
    sent(hello, "<bob@hamburger.edu> NOTIFY=SUCCESS ORCPT=rfc822;robert@hamburger.edu")
    assert QueueEntry.objects.exists() is told
    if told:
        entry = QueueEntry.objects.get()
        report = dsn.parse(bytes(entry.blob.raw))
        assert (entry.sender, entry.recipients.get().address) == ("", "dora@outside.example")
        assert report.envelope_id == "E1"
        (success,) = report.failures
        assert (success.recipient, success.action, success.status) == ("bob@hamburger.edu", "delivered", "2.0.0")
        assert success.original == "rfc822; robert@hamburger.edu" or success.original == "rfc822;robert@hamburger.edu"


def test_a_forward_takes_the_wishes_along(hello, bob):
    forwards.add_forward(address="bob@hamburger.edu", to="bob@elsewhere.example", keep=False)
    sent(hello, "<bob@hamburger.edu> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;robert@hamburger.edu")
    entry = QueueEntry.objects.get()
    (row,) = entry.recipients.all()
    assert (entry.envelope_id, entry.full_return) == ("E1", False)
    # Nobody vouches for this sender, so nobody is asked to confirm.
    assert (row.notify, row.original_recipient) == ("FAILURE", "rfc822;robert@hamburger.edu")


def test_a_confirmation_that_fails_is_only_logged(bob, monkeypatch, caplog):
    from mailserver.mail.dsnwishes import RecipientWishes
    from mailserver.services.confirmations import Wished
    from mailserver.services.inbound import Incoming, Stored
    from mailserver.services.recipients import Local
    from mailserver.services.routing import Route

    monkeypatch.setattr("mailserver.services.bounces.send", lambda *_, **__: 1 / 0)
    here = Local(bob.pk, "bob@hamburger.edu")
    wished = Wished("bob@hamburger.edu", Route((here,)), RecipientWishes("SUCCESS"))
    confirm(Incoming(b"Subject: x\r\n\r\n", "dora@outside.example", (here,)), Stored("ABC", ()), [wished])
    assert "could not be sent" in caplog.text
