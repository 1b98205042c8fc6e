"""What is taken away after its time, and what stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.services import messages, retention, undo
from mailserver.store.models import (
    Blob,
    Change,
    DeliveryAttempt,
    Event,
    Message,
    QueueEntry,
    Thread,
    UndoStep,
    Vanished,
)
from tests.support.mail import delivered
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db

LONG_AGO = timedelta(days=40)


@pytest.fixture
def expunged(alice) -> Message:
    """A message whose last day is over."""
    there = delivered(alice)
    messages.expunge(account_id=alice.pk, mailbox_id=there.mailbox_id, uids=[there.uid])
    Vanished.objects.update(until=timezone.now() - timedelta(hours=1))
    return Message.objects.get(pk=there.message_id)


def test_it_forgets_finished_entries_after_a_month(alice):
    old, recent, waiting = (queued(alice, "bob@hamburger.edu") for _ in range(3))
    Event.objects.create(at=timezone.now(), kind="queued", entry=old)
    DeliveryAttempt.objects.create(
        entry=old, domain="hamburger.edu", number=1, started_at=timezone.now(), finished_at=timezone.now()
    )
    QueueEntry.objects.filter(pk=old.pk).update(finished_at=timezone.now() - LONG_AGO)
    QueueEntry.objects.filter(pk=recent.pk).update(finished_at=timezone.now() - timedelta(days=29))
    assert retention.tidy()["queue entries"] == 1
    assert set(QueueEntry.objects.values_list("id", flat=True)) == {recent.pk, waiting.pk}
    assert not Event.objects.filter(kind="queued").exists()
    assert not DeliveryAttempt.objects.exists()


def test_it_keeps_the_history_of_the_queue_as_long_as_it_is_told(alice, settings):
    settings.CORREIO = replace(settings.CORREIO, queue_history=timedelta(days=2))
    QueueEntry.objects.filter(pk=queued(alice, "bob@hamburger.edu").pk).update(
        finished_at=timezone.now() - timedelta(days=3)
    )
    assert retention.tidy()["queue entries"] == 1


def test_it_deletes_an_expunged_message_with_its_conversation_and_its_octets(expunged):
    Blob.objects.update(created_at=timezone.now() - timedelta(days=2))
    removed = retention.tidy()
    assert (removed["messages"], removed["blobs"]) == (1, 1)
    assert not Message.objects.exists()
    assert not Thread.objects.exists()
    assert not Blob.objects.exists()
    assert Vanished.objects.get().message_id is None


def test_it_keeps_a_message_that_a_session_may_still_read(expunged):
    Vanished.objects.update(until=timezone.now() + timedelta(hours=1))
    assert retention.tidy()["messages"] == 0
    assert Message.objects.filter(pk=expunged.pk).exists()


def test_it_keeps_a_message_that_another_folder_still_holds(alice):
    there = delivered(alice)
    archive = alice.mailboxes.get(special_use="archive")
    messages.move(account_id=alice.pk, mailbox_id=there.mailbox_id, uids=[there.uid], target_id=archive.pk)
    Vanished.objects.update(until=timezone.now() - timedelta(hours=1))
    assert retention.tidy()["messages"] == 0
    assert Message.objects.filter(pk=there.message_id).exists()
    assert Thread.objects.exists()


def test_it_keeps_octets_that_the_queue_still_needs(alice):
    entry = queued(alice, "bob@hamburger.edu")
    Blob.objects.update(created_at=timezone.now() - LONG_AGO)
    assert retention.tidy()["blobs"] == 0
    assert Blob.objects.filter(pk=entry.blob_id).exists()


def test_it_leaves_new_octets_alone_whose_owner_may_not_be_visible_yet(db):
    Blob.objects.create(raw=b"x", size=1, digest=b"")
    assert retention.tidy()["blobs"] == 0


def test_it_forgets_old_changes_and_undo_steps(alice):
    there = delivered(alice)
    undo.record(account_id=alice.pk, title="Archived", moves=[])
    Change.objects.update(at=timezone.now() - timedelta(days=15))
    UndoStep.objects.update(at=timezone.now() - timedelta(days=8))
    removed = retention.tidy()
    assert (removed["changes"], removed["undo steps"]) == (1, 1)
    assert Message.objects.filter(pk=there.message_id).exists()
