"""The six dots beside one's own messages."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.utils import timezone

from mailserver.services import delivery, events, trips
from mailserver.services.trips import Trip
from mailserver.store.models import Event, QueueEntry
from tests.support.mail import delivered
from tests.support.queueing import filed_in_sent, queued

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _configured(settings):
    settings.CORREIO = replace(settings.CORREIO, hostname="crepes.fr")


def trip(entry: QueueEntry) -> Trip:
    return trips.state_of(entry.account_id, [entry.sent_copy_id])[entry.sent_copy_id]


@pytest.mark.parametrize(
    ("state", "attempts", "reached", "colour"),
    [
        ("queued", 0, 3, "done"),
        ("delivering", 0, 3, "done"),
        ("deferred", 2, 3, "slow"),
        ("held", 0, 3, "slow"),
        ("delivered", 1, 5, "done"),
        ("bounced", 1, 4, "halt"),
        ("expired", 9, 4, "halt"),
        ("cancelled", 0, 3, "done"),
    ],
)
def test_it_shows_how_far_a_message_has_come(alice, state, attempts, reached, colour):
    entry = queued(alice, "bob@hamburger.edu", sent_copy=True)
    entry.recipients.update(state=state, attempts=attempts)
    found = trip(entry)
    assert (found.reached, found.state) == (reached, colour)
    assert found.label


def test_it_says_mailbox_for_ours_and_handed_over_for_others(alice, bob):
    ours = queued(alice, "bob@hamburger.edu", sent_copy=True)
    delivery.deliver_domain("hamburger.edu")
    theirs = queued(alice, "dora@example.org", sent_copy=True)
    theirs.recipients.update(state="delivered", reply_text="Stored as ABCDEFGHIJKL")
    assert trip(ours).label == "In the mailbox, not known to be read"
    assert trip(theirs).label == "Handed over"


def test_it_says_read_only_after_a_receipt(alice, bob):
    entry = queued(alice, "bob@hamburger.edu", sent_copy=True)
    delivery.deliver_domain("hamburger.edu")
    events.record(Event.Kind.READ, entry_id=entry.pk, recipient="bob@hamburger.edu")
    assert trip(entry) == Trip(6, "done", "Read")


def test_it_shows_the_recipient_who_needs_attention(alice):
    entry = queued(alice, "bob@hamburger.edu", "bobb@hamburger.edu", sent_copy=True)
    entry.recipients.filter(address="bob@hamburger.edu").update(state="delivered")
    entry.recipients.filter(address="bobb@hamburger.edu").update(state="bounced")
    assert trip(entry) == Trip(4, "halt", "Couldn’t be delivered (1 of 2)")


def test_it_finds_the_copy_a_mail_program_filed_itself(alice):
    entry = queued(alice, "bob@hamburger.edu")
    copy = filed_in_sent(alice, bytes(entry.blob.raw))
    assert trips.state_of(alice.pk, [copy.pk])[copy.pk].reached == 3


def test_it_answers_for_many_messages_with_one_query(alice, django_assert_num_queries):
    entries = [queued(alice, "bob@hamburger.edu", sent_copy=True) for _ in range(5)]
    received = delivered(alice).message_id
    with django_assert_num_queries(1):
        found = trips.state_of(alice.pk, [*(entry.sent_copy_id for entry in entries), received])
    assert set(found) == {entry.sent_copy_id for entry in entries}


def test_it_tells_nothing_about_the_mail_of_others(alice, bob):
    entry = queued(alice, "bob@hamburger.edu", sent_copy=True, at=timezone.now())
    assert trips.state_of(bob.pk, [entry.sent_copy_id]) == {}
    assert trips.state_of(alice.pk, []) == {}
