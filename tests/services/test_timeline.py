"""The path of a message as its owner reads it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.practice.dns_server import DnsServer
from mailserver.services import (
    delivery,
    events,
    inbound,
    mailboxes,
    messages,
    queue,
    queue_control,
    submission,
    timeline,
)
from mailserver.services.accounts import create_account
from mailserver.services.path import Path, Way
from mailserver.services.recipients import Local
from mailserver.store.models import Domain, Event, MailboxMessage, Message, QueueEntry, QueueRecipient
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr", stage_timeout=5.0, routes={})


def sent(alice, *people: str, from_page: bool = True) -> int:
    """Alice's message, handed to submission; the message id of her copy."""
    people = people or ("Bob <bob@hamburger.edu>",)
    raw = message(sender="Alice <alice@crepes.fr>", to=", ".join(people), message_id="1@crepes.fr")
    addresses = [person.rpartition("<")[2].rstrip(">") for person in people]
    submission.submit(
        account_id=alice.pk,
        sender="alice@crepes.fr",
        recipients=[submission.SubmittedRecipient(address) for address in addresses],
        raw=raw,
        tls="TLSv1.3 TLS_AES_256_GCM_SHA384",
        composed_at=timezone.now() if from_page else None,
    )
    if not from_page:
        box = mailboxes.by_use(alice.pk, "sent")
        return messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=raw).message_id
    return QueueEntry.objects.latest("id").sent_copy_id


def way(alice, message_id: int) -> Way:
    path = timeline.path_of(alice.pk, message_id)
    (only,) = path.ways
    assert (path.headline, path.lead) == (only.headline, only.lead)
    return only


def states(way: Way) -> str:
    return " ".join(step.state for step in way.steps)


def everything(path: Path) -> str:
    """All that the page can show."""
    return repr(path)


def test_it_tells_of_mail_that_is_about_to_leave(alice, domains):
    found = way(alice, sent(alice))
    assert found.state == "leaving"
    assert states(found) == "done done done todo todo todo"
    assert found.headline == "It is about to leave."
    assert found.may_cancel
    first, second, third = found.steps[:3]
    assert first.title == "Alice pressed Send"
    assert second.title == "Your page handed it to your server"
    assert second.facts[0].kind == "secure"
    assert "<1@crepes.fr>" in [fact.text for fact in second.facts]
    assert third.mark == "waiting"


def test_it_ends_with_handed_over_at_another_server(remote, alice):
    server = remote(replies={"END": "250 2.0.0 Queued as 7F3A91"}, extensions=["STARTTLS", "SIZE 52428800"])
    message_id = sent(alice)
    delivery.deliver_domain("hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "handed"
    assert states(found) == "done done done done done todo"
    assert found.headline == "hamburger.edu has taken it for Bob."
    assert "does not tell" in found.lead
    four, five, six = found.steps[3:]
    assert four.title == "The two servers talked"
    assert four.sentence == (
        f"Your server called hamburger.edu on port {server.port}, and they agreed on everything at the first attempt."
    )
    assert four.facts[0].text.startswith("Encrypted, TLSv1.3")
    assert four.facts[1].text == "Nobody asked the server to prove who it is."
    assert [line.text for line in four.talk.lines if line.side == "client"][-2:] == [
        "… " + f"{len(server.messages[0]):,}" + " bytes …\n.",
        "QUIT",
    ]
    assert ("RCPT TO:<bob@hamburger.edu>", "It is for Bob") in [
        (line.text, line.translation) for line in four.talk.lines
    ]
    assert five.title == "Handed over to hamburger.edu"
    assert [fact.text for fact in five.facts] == ["Queued as 7F3A91"]
    assert "receipt" in six.sentence


def test_it_ends_in_the_mailbox_when_that_is_ours(remote, alice, settings):
    """Another worker of this very system took it on its MX port and named the id that the filing has."""
    server = remote()
    message_id = sent(alice)
    domain = Domain.objects.create(name="hamburger.edu", transport="smtp")
    bob = create_account(address="bob@hamburger.edu", name="Bob", password="x" * 12)
    stored = inbound.deliver(
        inbound.Incoming(raw=message(), sender="alice@crepes.fr", recipients=(Local(bob.pk, "bob@hamburger.edu"),))
    )
    server._script["END"] = [f"250 2.0.0 Stored as {stored.reference}"]
    delivery.deliver_domain(domain.name)
    found = way(alice, message_id)
    assert found.state == "mailbox"
    assert found.headline == "It is in Bob’s mailbox."
    assert found.steps[4].title == "Bob’s server put it in the mailbox"
    assert [fact.text for fact in found.steps[4].facts] == [f"Stored as {stored.reference}"]
    assert found.steps[5].state == "todo"
    assert "Inbox" not in everything(timeline.path_of(alice.pk, message_id))


def test_it_does_not_believe_a_stranger_who_names_the_id_of_another_filing(remote, alice):
    theirs = delivered(alice)
    reference = Event.objects.get(kind="stored", message_id=theirs.message_id).reference
    remote(replies={"END": f"250 2.0.0 Stored as {reference}"})
    message_id = sent(alice)
    delivery.deliver_domain("hamburger.edu")
    assert way(alice, message_id).state == "handed"


def test_it_needs_no_call_between_two_mailboxes_of_this_server(alice, bob):
    message_id = sent(alice)
    delivery.deliver_domain("hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "mailbox"
    assert states(found) == "done done done done done todo"
    assert found.steps[3].title == "No call was needed"
    assert found.steps[3].talk is None


def test_it_says_read_only_when_a_receipt_says_so(alice, bob):
    message_id = sent(alice)
    delivery.deliver_domain("hamburger.edu")
    theirs = Message.objects.get(account=bob)
    MailboxMessage.objects.filter(message=theirs).update(flags=1)
    assert way(alice, message_id).state == "mailbox"

    entry = QueueEntry.objects.get()
    events.record(Event.Kind.READ, account_id=alice.pk, entry_id=entry.pk, recipient="bob@hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "read"
    assert found.headline.startswith("Bob read it at ")
    assert states(found) == "done done done done done done"


def test_it_waits_and_says_when_it_tries_again(remote, alice, settings):
    remote(replies={"MAIL": "451 4.7.1 Greylisted, please try again later"})
    message_id = sent(alice)
    for _ in range(2):
        QueueRecipient.objects.update(next_attempt_at=timezone.now())
        delivery.deliver_domain("hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "deferred"
    assert found.headline == "Not delivered yet. Bob’s server asked us to come back later."
    assert "The next try is at" in found.lead
    assert found.may_retry
    assert found.next_attempt_at is not None
    assert states(found) == "done done slow todo todo todo"
    waits, between = found.steps[2:4]
    assert waits.title == "It is waiting in the queue"
    assert [(row.number, row.said) for row in waits.tries] == [
        (2, "Greylisted, please try again later"),
        (1, "Greylisted, please try again later"),
    ]
    assert waits.tries[0].reply == "451 4.7.1 Greylisted, please try again later"
    assert waits.talk.intro.startswith("2 calls. The last one")
    assert between.since.startswith("next: ")


def test_it_still_tells_of_the_first_try_while_it_makes_the_second(remote, alice):
    remote(replies={"RCPT": "451 4.7.1 Greylisted, please try again later"})
    message_id = sent(alice, "Bob <bob@hamburger.edu>")
    delivery.deliver_domain("hamburger.edu")
    QueueRecipient.objects.update(next_attempt_at=timezone.now())
    assert queue.claim("hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "talking"
    assert [row.number for row in found.steps[2].tries] == [1]


def test_it_refuses_with_the_reason_and_what_to_do(remote, alice):
    remote(replies={"RCPT": "550 5.1.1 No such user here"})
    message_id = sent(alice, "Bobb <bobb@hamburger.edu>")
    delivery.deliver_domain("hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "bounced"
    assert found.headline == "Couldn’t deliver to bobb@hamburger.edu: the mailbox does not exist."
    assert found.lead
    assert found.reply == "550 5.1.1 No such user here"
    assert states(found) == "done done done halt todo todo"
    assert found.steps[3].title == "Bobb’s server refused it"
    assert found.steps[4].sentence == "Never reached."


def test_it_tells_of_a_domain_nobody_could_be_called_at(alice, domains, settings):
    with DnsServer({}) as dns:
        settings.CORREIO = replace(settings.CORREIO, dns_server=dns.address)
        message_id = sent(alice, "Dora <dora@nowhere.example>")
        delivery.deliver_domain("nowhere.example")
    found = way(alice, message_id)
    assert found.headline == "Couldn’t deliver to dora@nowhere.example: the domain nowhere.example does not exist."
    assert (found.steps[3].title, found.steps[3].mark) == ("There was nobody to call", "nobody there")


def test_it_gives_up_after_five_days(remote, alice):
    remote(replies={"MAIL": "451 4.3.0 Later"})
    message_id = sent(alice)
    QueueEntry.objects.update(not_before=timezone.now() - timedelta(days=5))
    delivery.deliver_domain("hamburger.edu")
    found = way(alice, message_id)
    assert found.headline == "Couldn’t deliver to bob@hamburger.edu within 5 days."
    assert states(found) == "done done done halt todo todo"


@pytest.mark.parametrize(
    ("action", "state", "headline"),
    [
        (queue_control.hold, "held", "It is being held on your server."),
        (queue_control.cancel, "cancelled", "It was stopped before it reached Bob."),
    ],
)
def test_it_tells_who_stopped_it(alice, bob, action, state, headline):
    message_id = sent(alice)
    action(QueueRecipient.objects.values_list("id", flat=True), by="root@crepes.fr")
    found = way(alice, message_id)
    assert (found.state, found.headline) == (state, headline)
    assert not found.may_retry


def test_it_tells_of_scheduled_mail(alice, bob):
    message_id = sent(alice)
    QueueRecipient.objects.update(next_attempt_at=timezone.now() + timedelta(minutes=30))
    found = way(alice, message_id)
    assert found.state == "scheduled"
    assert found.headline.startswith("It leaves at ")


def test_it_has_a_way_for_each_recipient_and_a_headline_for_all(remote, alice):
    remote(replies={"RCPT bobb@hamburger.edu": "550 5.1.1 No such user here"})
    message_id = sent(alice, "Bob <bob@hamburger.edu>", "Bobb <bobb@hamburger.edu>", "Carla <carla@hamburger.edu>")
    delivery.deliver_domain("hamburger.edu")
    path = timeline.path_of(alice.pk, message_id)
    assert [found.state for found in path.ways] == ["handed", "bounced", "handed"]
    assert path.headline == "Couldn’t deliver to bobb@hamburger.edu."
    assert path.lead.startswith("The other 2 recipients have it. Check the address for a typing mistake;")


def test_it_knows_the_copy_that_a_mail_program_filed_itself(alice, bob):
    message_id = sent(alice, from_page=False)
    delivery.deliver_domain("hamburger.edu")
    found = way(alice, message_id)
    assert found.state == "mailbox"
    assert found.steps[0].short == "Mail program"


def test_it_has_no_path_for_what_did_not_travel(alice):
    box = mailboxes.by_use(alice.pk, "archive")
    filed = messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=message())
    path = timeline.path_of(alice.pk, filed.message_id)
    assert path.ways == ()
    assert path.headline == timeline.NO_WAY


def test_it_hides_the_paths_of_others(alice, charlie, bob):
    message_id = sent(alice)
    with pytest.raises(NotFound):
        timeline.path_of(charlie.pk, message_id)


@pytest.mark.parametrize("from_page", [True, False])
def test_it_shows_administrators_the_path_of_any_entry(alice, bob, from_page):
    sent(alice, from_page=from_page)
    (found,) = timeline.path_of_entry(QueueEntry.objects.get().pk).ways
    assert (found.address, found.name) == ("bob@hamburger.edu", "Bob")
