"""Mail that comes in writes few indexes; what asks by the others must still find its rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailserver.store.models import Event, MailboxMessage, Message, Thread, ThreadBox, ThreadReference
from tests.support.mail import delivered


def plan(rows: QuerySet[Event]) -> str:
    """As it would be for a table with millions of rows."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        return rows.explain()


def test_events_of_an_entry_are_found_by_its_index(alice):
    assert "event_entry" in plan(Event.objects.filter(entry_id=1).order_by())
    assert "event_entry" in plan(Event.objects.filter(entry__in=[1, 2]).order_by())


def test_what_was_returned_lately_is_found_by_its_index(alice):
    since = timezone.now() - timedelta(minutes=2)
    returned = Event.objects.filter(at__gt=since, kind=Event.Kind.BOUNCED, account_id=alice.pk)
    assert "event_bounced" in plan(returned.order_by())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", ["account", "thread"])
def test_what_mail_refers_to_cannot_be_deleted_beside_it(alice, table):
    place = delivered(alice)
    number = alice.pk if table == "account" else Message.objects.get(pk=place.message_id).thread_id
    with pytest.raises(IntegrityError), connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {table} WHERE id = %s", [number])
    assert Message.objects.filter(pk=place.message_id).exists()


def test_copies_of_account_and_conversation_are_those_of_what_holds_them(alice, charlie):
    for account in (alice, charlie):
        first = delivered(account, message_id="a@indexes.test")
        delivered(account, message_id="b@indexes.test", reply_to="a@indexes.test")
        assert MailboxMessage.objects.filter(message_id=first.message_id).exists()
    for entry in MailboxMessage.objects.select_related("mailbox", "message"):
        assert entry.account_id == entry.mailbox.account_id == entry.message.account_id
        assert entry.thread_id == entry.message.thread_id
    for line in ThreadBox.objects.select_related("mailbox"):
        assert line.account_id == line.mailbox.account_id
    for reference in ThreadReference.objects.select_related("thread"):
        assert reference.account_id == reference.thread.account_id
    assert Thread.objects.count() == 2


def test_django_deletes_with_a_conversation_all_that_belongs_to_it(alice):
    place = delivered(alice)
    thread = Message.objects.get(pk=place.message_id).thread
    assert (thread.entries.count(), thread.lines.count(), thread.references.count()) == (1, 1, 1)
    thread.delete()
    for table in (MailboxMessage, ThreadBox, ThreadReference, Message):
        assert not table.objects.filter(account_id=alice.pk).exists()
