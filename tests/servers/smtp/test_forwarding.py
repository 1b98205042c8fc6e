"""Mail that our MX takes and passes on: forwards, groups, return addresses, loops."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.mail.addresses import parse
from mailserver.services import rewriting
from mailserver.services.forwards import add_forward
from mailserver.services.groups import add_group
from mailserver.store.models import Blob, Event, Mailbox, Message, QueueEntry, QueueRecipient
from tests.support.dialogue import Dialogue
from tests.support.mail import message
from tests.support.mx_talk import handed_over

ANA = "ana@mill.pt"


def copies(account) -> int:
    return Message.objects.filter(account=account).count()


def waiting() -> list[str]:
    return list(QueueRecipient.objects.order_by("id").values_list("address", flat=True))


def sent(entry: QueueEntry) -> bytes:
    return bytes(entry.prefix) + bytes(entry.blob.raw)


def test_it_files_a_copy_and_queues_the_other(hello, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example")
    raw = message()
    handed_over(hello, ANA, "bob@hamburger.edu", raw=raw)
    assert copies(bob) == 1
    entry = QueueEntry.objects.get()
    assert waiting() == ["bob@away.example"]
    assert sent(entry).endswith(raw)
    assert sent(entry).startswith(b"Delivered-To: bob@hamburger.edu\r\nReceived: from crepes.fr ([127.0.0.1])\r\n")
    assert b"Return-Path" not in sent(entry)
    assert entry.sender.endswith("=mill.pt=ana@hamburger.edu")
    assert (entry.account_id, entry.size) == (None, len(sent(entry)))
    assert Blob.objects.count() == 1
    event = Event.objects.get(kind="forwarded")
    assert (event.account_id, event.message.account_id, event.recipient) == (bob.pk, bob.pk, "bob@away.example")


def test_it_keeps_no_copy_when_told_so(hello, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example", keep=False)
    handed_over(hello, ANA, "bob@hamburger.edu", raw=message())
    assert copies(bob) == 0
    assert waiting() == ["bob@away.example"]


def test_it_passes_the_null_sender_on_as_it_is(hello, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example")
    handed_over(hello, "", "bob@hamburger.edu", raw=message())
    assert QueueEntry.objects.get().sender == ""


def test_it_leaves_a_sender_of_ours_as_it_is(hello, bob, alice):
    add_forward(address="bob@hamburger.edu", to="bob@away.example")
    handed_over(hello, "alice@crepes.fr", "bob@hamburger.edu", raw=message())
    assert QueueEntry.objects.get().sender == "alice@crepes.fr"


def test_a_message_sent_again_is_not_passed_on_again(hello, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example", keep=False)
    raw = message()
    handed_over(hello, ANA, "bob@hamburger.edu", raw=raw)
    handed_over(hello, ANA, "bob@hamburger.edu", raw=raw)
    assert waiting() == ["bob@away.example"]
    assert Blob.objects.count() == 1


@pytest.mark.parametrize("state", ["bounced", "expired", "cancelled"])
def test_what_could_not_be_delivered_may_be_sent_again(hello, bob, state):
    add_forward(address="bob@hamburger.edu", to="bob@away.example", keep=False)
    raw = message()
    handed_over(hello, ANA, "bob@hamburger.edu", raw=raw)
    QueueRecipient.objects.update(state=state)
    handed_over(hello, ANA, "bob@hamburger.edu", raw=raw)
    assert waiting() == ["bob@away.example"] * 2


@pytest.mark.parametrize("mark", ["bob@hamburger.edu", "BOB@Hamburger.edu"])
def test_what_was_here_before_is_filed_and_not_passed_on(hello, bob, mark):
    add_forward(address="bob@hamburger.edu", to="bob@away.example", keep=False)
    handed_over(hello, ANA, "bob@hamburger.edu", raw=message(extra=f"Delivered-To: {mark}\r\n"))
    assert copies(bob) == 1
    assert waiting() == []


def test_a_mark_in_the_text_or_of_somebody_else_counts_for_nothing(hello, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example", keep=False)
    raw = message(extra="Delivered-To: charlie@hamburger.edu\r\n", body="\r\nDelivered-To: bob@hamburger.edu\r\n")
    handed_over(hello, ANA, "bob@hamburger.edu", raw=raw)
    assert waiting() == ["bob@away.example"]


def test_a_group_that_is_a_circle_through_another_server_ends(hello, domains):
    add_group(address="team@hamburger.edu", members=[ANA])
    raw = message(extra="Delivered-To: team@hamburger.edu\r\n")
    handed_over(hello, ANA, "team@hamburger.edu", raw=raw, reply=r"554 5\.4\.6 .*")
    assert waiting() == []


def test_a_group_gives_each_one_copy(hello, alice, bob, charlie):
    add_group(address="cooks@crepes.fr", members=["alice@crepes.fr", ANA])
    add_group(
        address="team@crepes.fr", members=["cooks@crepes.fr", "bob@hamburger.edu", "alice@crepes.fr", "x@y.example"]
    )
    handed_over(hello, "eva@cider.example", "team@crepes.fr", "alice@crepes.fr", raw=message())
    assert (copies(alice), copies(bob), copies(charlie)) == (1, 1, 0)
    assert sorted(waiting()) == [ANA, "x@y.example"]
    assert all(entry.sender.endswith("=cider.example=eva@crepes.fr") for entry in QueueEntry.objects.all())
    assert Blob.objects.count() == 1


def test_a_full_member_does_not_close_the_group(hello, alice, bob):
    for account, used in ((alice, 1000), (bob, 0)):
        account.quota = 1000
        account.save()
        Mailbox.objects.filter(account=account, special_use="inbox").update(size=used)
    add_group(address="team@crepes.fr", members=["alice@crepes.fr", "bob@hamburger.edu"])
    hello.ask("MAIL FROM:<ana@mill.pt>", "250 .*")
    hello.ask("RCPT TO:<team@crepes.fr>", "250 .*")
    Mailbox.objects.filter(account=bob, special_use="inbox").update(size=1000)
    hello.ask("RCPT TO:<team+again@crepes.fr>", r"452 4\.2\.2 .*")


def test_a_domain_that_is_off_says_not_now(hello, alice, domains):
    domains["crepes.fr"].enabled = False
    domains["crepes.fr"].save()
    hello.ask("MAIL FROM:<ana@mill.pt>", "250 .*")
    hello.ask("RCPT TO:<alice@crepes.fr>", r"450 4\.2\.1 .*")
    hello.ask("RCPT TO:<nobody@crepes.fr>", r"550 5\.1\.1 .*")


def test_a_group_whose_people_are_all_gone_says_so(hello, bob):
    add_group(address="team@crepes.fr", members=["bob@hamburger.edu"])
    bob.is_active = False
    bob.save()
    hello.ask("MAIL FROM:<ana@mill.pt>", "250 .*")
    hello.ask("RCPT TO:<team@crepes.fr>", r"550 5\.2\.1 .*")


# Reports that come back


@pytest.fixture
def bounce(hello, domains) -> Dialogue:
    hello.ask("MAIL FROM:<>", "250 .*")
    return hello


def test_a_report_goes_to_who_wrote_the_message(hello, domains):
    handed_over(hello, "", rewriting.sender_for(ANA, "hamburger.edu"), raw=message())
    entry = QueueEntry.objects.get()
    assert (entry.sender, waiting()) == ("", [ANA])
    assert sent(entry).startswith(b"Received: from crepes.fr")


@pytest.mark.parametrize("sender", ["v" * 64 + "@mill.pt", "a%b@mill.pt", "a!b@mill.pt", '"a b"@mill.pt'])
def test_a_report_finds_senders_with_odd_names(hello, domains, sender):
    handed_over(hello, "", rewriting.sender_for(sender, "hamburger.edu"), raw=message())
    assert waiting() == [sender]


def test_a_forged_return_address_is_nobody(bounce, bob, domains):
    domains["hamburger.edu"].catch_all = bob
    domains["hamburger.edu"].save()
    local = parse(rewriting.sender_for(ANA, "hamburger.edu")).local
    for wrong in (
        local.replace("ana", "eve"),
        local.replace("mill.pt", "mill.example"),
        "SRS0=AAAAAAAA=AA=mill.pt=ana",
        "SRS0=",
        "SRS1=AAAAAAAA=mill.pt==X=Y=a.b=c",
    ):
        bounce.ask(f"RCPT TO:<{wrong}@hamburger.edu>", r"550 5\.1\.1 .*")
    assert waiting() == []


def test_an_old_return_address_is_nobody(bounce, monkeypatch):
    now = timezone.now()
    monkeypatch.setattr(rewriting.timezone, "now", lambda: now - timedelta(days=23))
    old = rewriting.sender_for(ANA, "hamburger.edu")
    monkeypatch.undo()
    bounce.ask(f"RCPT TO:<{old}>", r"550 5\.1\.1 .*")


def test_a_return_address_of_another_key_is_nobody(bounce, settings):
    address = rewriting.sender_for(ANA, "hamburger.edu")
    settings.CORREIO = replace(settings.CORREIO, secret_key="another")
    bounce.ask(f"RCPT TO:<{address}>", r"550 5\.1\.1 .*")


def test_only_reports_may_use_return_addresses(hello, domains):
    hello.ask("MAIL FROM:<eva@cider.example>", "250 .*")
    hello.ask(f"RCPT TO:<{rewriting.sender_for(ANA, 'hamburger.edu')}>", r"550 5\.1\.1 .*")


def test_a_return_address_of_a_domain_that_is_not_ours_is_not_relayed(bounce):
    address = rewriting.sender_for(ANA, "hamburger.edu").replace("@hamburger.edu", "@other.example")
    bounce.ask(f"RCPT TO:<{address}>", r"5\d\d 5\.[17]\.1 .*")
