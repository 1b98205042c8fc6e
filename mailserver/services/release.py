"""Mail that waits for the moment its author chose: an undo of a few seconds, or tomorrow morning. One column,
`QueueEntry.not_before`, serves the page and every program that speaks FUTURERELEASE (RFC 4865).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailserver.errors import NotFound, TooLate
from mailserver.mail import futurerelease
from mailserver.services import events, mailboxes, messages, queue_control
from mailserver.services.queue_bell import wake
from mailserver.store import bell
from mailserver.store.models import Event, Mailbox, MailboxMessage, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag

State = QueueRecipient.State

GONE = "It has left already."


@dataclass(frozen=True, slots=True)
class Scheduled:
    """A message that has not left: `message_id` is its copy in Sent, None when a mail program keeps it elsewhere."""

    entry_id: int
    message_id: int | None
    subject: str
    recipients: tuple[str, ...]
    at: datetime


def scheduled(account_id: int, limit: int = 500) -> list[Scheduled]:
    """The account's waiting messages, the next to leave first."""
    entries = _waiting(account_id).order_by("not_before", "id").prefetch_related("recipients")
    return [
        Scheduled(
            entry.pk,
            entry.sent_copy_id,
            entry.subject,
            tuple(row.address for row in sorted(entry.recipients.all(), key=lambda row: row.pk)),
            entry.not_before,
        )
        for entry in entries[:limit]
    ]


def count(account_id: int) -> int:
    """How many messages wait."""
    return _waiting(account_id).count()


def waiting_until(account_id: int, reference: str) -> datetime | None:
    """When the message with this number leaves; None when it may have left."""
    entry = _waiting(account_id).filter(reference=reference).only("not_before").first()
    return entry.not_before if entry else None


def find(account_id: int, reference: str) -> int:
    """The queue entry of a message by its number. Raises NotFound."""
    entry = QueueEntry.objects.filter(account_id=account_id, reference=reference).only("pk").first()
    if entry is None:
        raise NotFound("There is no such message.")
    return entry.pk


def reschedule(*, account_id: int, entry_id: int, at: datetime, by: str) -> None:
    """Let it leave at another time, now when that is over. Raises TooLate, NotFound."""
    now = timezone.now()
    due = min(max(at, now), now + futurerelease.LONGEST)
    with transaction.atomic():
        entry, rows = _hold(account_id, entry_id)
        entry.not_before = due
        entry.save(update_fields=["not_before"])
        for row in rows:
            row.next_attempt_at = due
        QueueRecipient.objects.bulk_update(rows, ["next_attempt_at"])
        events.record(
            Event.Kind.RELEASED,
            account_id=account_id,
            entry_id=entry.pk,
            message_id=entry.sent_copy_id,
            at=now,
            by=by,
            until=due.isoformat(),
        )
        bell.ring_on_commit(account_id, {})
        wake({row.domain for row in rows}, at=due)


def take_back(*, account_id: int, entry_id: int, by: str) -> int | None:
    """Cancel it for everybody and make the sent copy a draft again, Bcc and attachments and all; the draft's message
    id, None when there was no copy. Raises TooLate when a worker has it, or had it; NotFound.
    """
    with transaction.atomic():
        entry, rows = _hold(account_id, entry_id)
        queue_control.cancel([row.pk for row in rows], by=by, account_id=account_id)
        copy = entry.sent_copy_id
        # The draft keeps the Message-ID; what becomes of it must not be told by this entry any more.
        entry.sent_copy_id, entry.message_id = None, ""
        entry.save(update_fields=["sent_copy", "message_id"])
        return _back_to_drafts(account_id, copy) if copy else None


def cancel(*, account_id: int, entry_id: int, by: str) -> None:
    """Never send it; the copy stays where it is. Raises TooLate, NotFound."""
    with transaction.atomic():
        _, rows = _hold(account_id, entry_id)
        queue_control.cancel([row.pk for row in rows], by=by, account_id=account_id)


def _waiting(account_id: int) -> QuerySet[QueueEntry]:
    return QueueEntry.objects.filter(account_id=account_id, finished_at=None, not_before__gt=timezone.now())


def _hold(account_id: int, entry_id: int) -> tuple[QueueEntry, list[QueueRecipient]]:
    """The entry and all its recipients, locked, none of which was tried or is settled. A recipient that was refused
    when the message was queued (a failing address) is left as it is."""
    entry = QueueEntry.objects.select_for_update(no_key=True).filter(pk=entry_id, account_id=account_id).first()
    if entry is None:
        raise NotFound("There is no such message.")
    rows = list(entry.recipients.select_for_update(no_key=True).order_by("id"))
    waiting = [row for row in rows if row.state in (State.QUEUED, State.HELD) and not row.attempts]
    if not waiting or any(row.state in (State.DELIVERING, State.DEFERRED, State.DELIVERED) for row in rows):
        raise TooLate(GONE)
    return entry, waiting


def _back_to_drafts(account_id: int, message_id: int) -> int | None:
    drafts = mailboxes.by_use(account_id, Mailbox.Use.DRAFTS)
    entries = MailboxMessage.objects.filter(account_id=account_id, message_id=message_id)
    place = entries.values_list("mailbox_id", "uid").first()
    if place is None:
        return None
    mailbox_id, uid = place
    if mailbox_id != drafts.pk:
        (moved,) = messages.move(account_id=account_id, mailbox_id=mailbox_id, uids=[uid], target_id=drafts.pk)
        uid = moved.uid
    messages.set_flags(account_id=account_id, mailbox_id=drafts.pk, uids=[uid], add=Flag.DRAFT | Flag.SEEN, remove=0)
    return MailboxMessage.objects.get(mailbox_id=drafts.pk, uid=uid).message_id
