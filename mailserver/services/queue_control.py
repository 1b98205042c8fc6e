"""What people do with queued mail: hold it, let it go, try it now, take it back.

Each function takes recipient ids and `by`, the address of who did it (kept in the timeline). With `account_id` only
that account's own mail is touched; administrators leave it out. The ids really changed come back: a recipient that
is being delivered at this moment, or is settled, stays as it is. The number of statements does not depend on the
number of recipients, but for reports.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mailserver.services import bounces
from mailserver.services.queue_bell import wake
from mailserver.store import bell
from mailserver.store.models import Event, QueueEntry, QueueRecipient

State = QueueRecipient.State

CANCELLED = "An administrator of your own server stopped it before it left."


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


def cancel(recipient_ids: Iterable[int], *, by: str, account_id: int | None = None, report: bool = False) -> list[int]:
    """Give up mail that has not left. With `report` its senders are told as of mail that was returned."""
    waiting = (State.QUEUED, State.DEFERRED, State.HELD)
    return _change(recipient_ids, waiting, State.CANCELLED, Event.Kind.CANCELLED, by, account_id, report=report)


def _change(
    recipient_ids: Iterable[int],
    before: Sequence[State],
    after: State,
    kind: Event.Kind,
    by: str,
    account_id: int | None,
    *,
    report: bool = False,
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
            _move(row, after, entries[row.entry_id], now)
        _save(rows, after, now)
        _note(kind, rows, entries, by, now)
        if report:
            _report(rows, entries, now)
        if after not in QueueRecipient.OPEN:
            _close(entries, now)
        if after == State.QUEUED:
            wake(row.domain for row in rows if row.next_attempt_at <= now)
    return [row.pk for row in rows]


def _move(row: QueueRecipient, after: State, entry: QueueEntry, now: datetime) -> None:
    row.state = after
    if after == State.QUEUED:
        # What its author postponed keeps its time until it was tried.
        row.next_attempt_at = now if row.attempts else max(now, entry.not_before)
    if after not in QueueRecipient.OPEN:
        row.finished_at = now


def _save(rows: Sequence[QueueRecipient], after: State, now: datetime) -> None:
    """One statement for each time they are due at: one, but for mail its authors postponed."""
    groups: dict[datetime, list[int]] = defaultdict(list)
    for row in rows:
        groups[row.next_attempt_at if after == State.QUEUED else now].append(row.pk)
    for at, ids in groups.items():
        wanted = QueueRecipient.objects.filter(pk__in=ids)
        if after == State.QUEUED:
            wanted.update(state=after, next_attempt_at=at)
        elif after in QueueRecipient.OPEN:
            wanted.update(state=after)
        else:
            wanted.update(state=after, finished_at=now)


def _note(
    kind: Event.Kind, rows: Sequence[QueueRecipient], entries: dict[int, QueueEntry], by: str, now: datetime
) -> None:
    Event.objects.bulk_create(
        Event(
            kind=kind,
            at=now,
            account_id=entries[row.entry_id].account_id,
            entry_id=row.entry_id,
            message_id=entries[row.entry_id].sent_copy_id,
            recipient=row.address,
            detail={"by": by},
        )
        for row in rows
    )
    for account_id in {entries[row.entry_id].account_id for row in rows}:
        if account_id:
            bell.ring_on_commit(account_id, {})


def _report(rows: Sequence[QueueRecipient], entries: dict[int, QueueEntry], now: datetime) -> None:
    """One report to the sender of each entry."""
    groups: dict[int, list[QueueRecipient]] = defaultdict(list)
    for row in rows:
        row.reply_code, row.reply_enhanced, row.reply_text = None, "", CANCELLED
        groups[row.entry_id].append(row)
    QueueRecipient.objects.bulk_update(rows, ["reply_code", "reply_enhanced", "reply_text"])
    for entry_id, group in groups.items():
        bounces.report_all(entries[entry_id], group, {}, at=now)


def _close(entries: dict[int, QueueEntry], now: datetime) -> None:
    """Those of the locked entries that have no open recipient are finished."""
    open_ones = QueueRecipient.objects.filter(state__in=QueueRecipient.OPEN, entry_id__in=entries)
    done = QueueEntry.objects.filter(id__in=entries, finished_at=None).exclude(id__in=open_ones.values("entry_id"))
    done.update(finished_at=now)
