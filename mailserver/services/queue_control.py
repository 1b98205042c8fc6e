"""What people do with queued mail: hold it, let it go, try it now, take it back.

Each function takes recipient ids and `by`, the address of who did it (kept in the timeline). With `account_id` only
that account's own mail is touched; administrators leave it out. The ids really changed come back: a recipient that
is being delivered at this moment, or is settled, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mailserver.services import events
from mailserver.services.queue_bell import wake
from mailserver.services.queue_record import close_if_done
from mailserver.store import bell
from mailserver.store.models import Event, QueueEntry, QueueRecipient

State = QueueRecipient.State


def hold(recipient_ids: Iterable[int], *, by: str, account_id: int | None = None) -> list[int]:
    """Keep waiting mail in the queue until it is released."""
    waiting = (State.QUEUED, State.DEFERRED)
    return _change(recipient_ids, waiting, State.HELD, Event.Kind.HELD, by, account_id)


def release(recipient_ids: Iterable[int], *, by: str, account_id: int | None = None) -> list[int]:
    """Send held mail on."""
    return _change(recipient_ids, (State.HELD,), State.QUEUED, Event.Kind.RELEASED, by, account_id)


def retry_now(recipient_ids: Iterable[int], *, by: str, account_id: int | None = None) -> list[int]:
    """Try waiting mail at once. Mail its author postponed (`not_before`) keeps its time."""
    return _change(recipient_ids, (State.DEFERRED,), State.QUEUED, Event.Kind.RELEASED, by, account_id)


def cancel(recipient_ids: Iterable[int], *, by: str, account_id: int | None = None) -> list[int]:
    """Give up mail that has not left; nobody is told."""
    waiting = (State.QUEUED, State.DEFERRED, State.HELD)
    return _change(recipient_ids, waiting, State.CANCELLED, Event.Kind.CANCELLED, by, account_id)


def _change(
    recipient_ids: Iterable[int],
    before: Sequence[State],
    after: State,
    kind: Event.Kind,
    by: str,
    account_id: int | None,
) -> list[int]:
    now = timezone.now()
    wanted = QueueRecipient.objects.filter(id__in=list(recipient_ids))
    if account_id is not None:
        wanted = wanted.filter(entry__account_id=account_id)
    with transaction.atomic():
        # Entries before recipients, as the workers lock them.
        owners = QueueEntry.objects.select_for_update(no_key=True).order_by("id")
        entries = {entry.pk: entry for entry in owners.filter(id__in=wanted.values("entry_id"))}
        locked = wanted.select_for_update(no_key=True, of=("self",)).filter(state__in=before, entry_id__in=entries)
        rows = list(locked.order_by("id"))
        for row in rows:
            _move(row, after, now)
            _note(kind, row, entries[row.entry_id], by, now)
        QueueRecipient.objects.bulk_update(rows, ["state", "next_attempt_at", "finished_at"])
        for entry in entries.values():
            close_if_done(entry, now)
        if after == State.QUEUED:
            wake(row.domain for row in rows)
    return [row.pk for row in rows]


def _move(row: QueueRecipient, after: State, now: datetime) -> None:
    row.state = after
    if after == State.QUEUED:
        row.next_attempt_at = now
    if after not in QueueRecipient.OPEN:
        row.finished_at = now


def _note(kind: Event.Kind, row: QueueRecipient, entry: QueueEntry, by: str, now: datetime) -> None:
    events.record(
        kind,
        account_id=entry.account_id,
        entry_id=entry.pk,
        message_id=entry.sent_copy_id,
        recipient=row.address,
        at=now,
        by=by,
    )
    if entry.account_id:
        bell.ring_on_commit(entry.account_id, {})
