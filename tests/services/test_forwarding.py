"""What the queue does with mail that is passed on, and with mail from our own people to groups and forwards."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.conf import Route
from mailserver.mail import dsn
from mailserver.mail.addresses import parse
from mailserver.mail.senderauth import dkim
from mailserver.practice.scripted import ScriptedServer
from mailserver.services import delivery, dkimkeys, forwarding, inbound, rewriting, routing, timeline
from mailserver.services.forwards import add_forward
from mailserver.services.groups import add_group
from mailserver.services.inbound import Incoming
from mailserver.store.models import Domain, Event, MailboxMessage, QueueEntry, QueueRecipient
from tests.support.mail import message
from tests.support.queueing import only, queued

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def away(settings, domains):
    """Another server, for away.example and mill.pt: it refuses mail to nobody@away.example."""
    with ScriptedServer(replies={"RCPT nobody@away.example": "550 5.1.1 No such user"}) as server:
        there = Route("127.0.0.1", server.port)
        routes = {"away.example": there, "mill.pt": there}
        settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr", stage_timeout=5.0, routes=routes)
        yield server


def taken(text: str, sender: str = "ana@mill.pt", raw: bytes | None = None) -> inbound.Stored:
    """What the MX does with a message."""
    route = routing.resolve(parse(text))
    return inbound.deliver(
        Incoming(raw=raw or message(), sender=sender, recipients=route.mailboxes, onward=route.onward, helo="mill.pt")
    )


def inbox(account) -> list[bytes]:
    rows = MailboxMessage.objects.filter(account=account, mailbox__special_use="inbox").order_by("uid")
    return [bytes(row.message.prefix) + bytes(row.message.blob.raw) for row in rows]


def test_it_goes_out_under_our_return_address(away, alice):
    add_forward(address="alice@crepes.fr", to="alice@away.example")
    taken("alice@crepes.fr")
    assert delivery.deliver_domain("away.example") == 1
    (got,) = away.messages
    assert got.startswith(b"Delivered-To: alice@crepes.fr\r\n")
    assert f"MAIL FROM:<{rewriting.sender_for('ana@mill.pt', 'crepes.fr')}>" in " ".join(away.sessions[0].commands)


def test_a_refusal_is_reported_to_who_wrote_the_message(away, alice):
    add_forward(address="alice@crepes.fr", to="nobody@away.example", keep=False)
    raw = message(sender="Ana <ana@mill.pt>")
    dkimkeys.make("crepes.fr", kind="ed25519")
    taken("alice@crepes.fr", raw=raw)
    delivery.deliver_domain("away.example")
    report = QueueEntry.objects.get(sender="")
    assert only(report).address == "ana@mill.pt"
    assert inbox(alice) == []
    delivery.deliver_domain("mill.pt")
    got = away.messages[-1]
    keys = {key.name: [key.text.encode()] for key in dkimkeys.published("crepes.fr")}
    assert [item.result for item in dkim.verify(dkim.signatures(got), keys, now=0)] == ["pass"]
    (failure,) = dsn.parse(got).failures
    assert (failure.recipient, failure.original) == ("nobody@away.example", "rfc822;alice@crepes.fr")
    assert b"ana@mill.pt" in got
    assert b"SRS0" not in got.partition(b"\r\n\r\n")[0]


def test_a_refused_report_is_the_end(away, alice):
    add_forward(address="alice@crepes.fr", to="nobody@away.example", keep=False)
    taken("alice@crepes.fr", sender="")
    delivery.deliver_domain("away.example")
    assert QueueRecipient.objects.get().state == "bounced"
    assert QueueEntry.objects.count() == 1


def test_the_transaction_that_fails_leaves_neither_copy_nor_queue(alice, monkeypatch):
    add_forward(address="alice@crepes.fr", to="alice@away.example")

    def broken(*args, **values):
        raise RuntimeError("no")

    monkeypatch.setattr(forwarding.QueueRecipient.objects, "bulk_create", broken)
    with pytest.raises(RuntimeError):
        taken("alice@crepes.fr")
    assert inbox(alice) == []
    assert not QueueEntry.objects.exists()


def test_mail_of_our_people_to_a_group_takes_the_same_way(away, alice, bob):
    add_group(address="team@crepes.fr", members=["alice@crepes.fr", "bob@hamburger.edu", "x@away.example"])
    entry = queued(alice, "team@crepes.fr", "alice@crepes.fr")
    delivery.deliver_domain("crepes.fr")
    assert {row.state for row in entry.recipients.all()} == {"delivered"}
    assert len(inbox(alice)) == len(inbox(bob)) == 1
    passed = QueueEntry.objects.exclude(pk=entry.pk).get()
    assert (passed.sender, only(passed).address) == ("alice@crepes.fr", "x@away.example")
    delivery.deliver_domain("away.example")
    assert away.messages[0].startswith(b"Delivered-To: team@crepes.fr\r\n")


def test_mail_of_our_people_is_forwarded_and_told_in_the_path_of_the_copy(away, alice, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example")
    queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    assert len(inbox(bob)) == 1
    event = Event.objects.get(kind="forwarded")
    assert (event.account_id, event.recipient) == (bob.pk, "bob@away.example")
    (way,) = timeline.path_of(bob.pk, event.message_id).ways
    assert "Also passed on to bob@away.example" in [fact.text for fact in way.steps[4].facts]
    (out,) = timeline.path_of_entry(event.entry_id).ways
    assert out.state == "leaving"
    delivery.deliver_domain("away.example")
    (out,) = timeline.path_of_entry(event.entry_id).ways
    assert out.state == "handed"


def test_a_group_that_goes_round_in_a_circle_is_refused(away, alice):
    add_group(address="team@crepes.fr", members=["x@away.example"])
    entry = queued(alice, "team@crepes.fr", raw=message(extra="Delivered-To: team@crepes.fr\r\n"))
    delivery.deliver_domain("crepes.fr")
    row = only(entry)
    assert (row.state, row.reply_code, row.reply_enhanced) == ("bounced", 554, "5.4.6")


def test_mail_for_a_domain_that_is_off_waits_and_comes_when_it_is_on(alice, bob, domains):
    Domain.objects.filter(name="hamburger.edu").update(enabled=False)
    entry = queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    row = only(entry)
    assert (row.state, row.reply_code, row.reply_enhanced) == ("deferred", 450, "4.2.1")
    Domain.objects.filter(name="hamburger.edu").update(enabled=True)
    QueueRecipient.objects.update(next_attempt_at=entry.not_before)
    delivery.deliver_domain("hamburger.edu")
    assert len(inbox(bob)) == 1
