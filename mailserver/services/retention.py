"""Taking away what nobody needs any more. Each step is a batch in its own short transaction."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mailserver.services import (
    acquaintances,
    audit,
    refusals,
    sendinglimits,
    sts_policies,
    suppression,
    tls_counts,
    tls_reports,
    tls_reports_received,
)
from mailserver.store.models import Change, Message, Orphan, QueueEntry, Thread, UndoStep, Vanished

# A client that was away for longer is told of everything again (RFC 7162 §3.2.6 allows it).
CHANGES = timedelta(days=14)
UNDO = timedelta(days=7)
# A blob is written before the row that owns it, in the same transaction; a day is longer than any transaction.
OWNERLESS = timedelta(days=1)

BATCH = 500

FIND_OWNERLESS = """
DELETE FROM blob WHERE id IN (
    SELECT b.id FROM blob b
    WHERE b.created_at < %s
      AND NOT EXISTS (SELECT FROM message m WHERE m.blob_id = b.id)
      AND NOT EXISTS (SELECT FROM queueentry q WHERE q.blob_id = b.id)
    LIMIT %s)
"""

logger = logging.getLogger(__name__)


def tidy() -> dict[str, int]:
    """Remove old queue history, changes, undo steps, acquaintances, refusals, failing addresses, policies of other
    domains, what TLS reports hold, expunged
    messages, ownerless blobs.

    Gives how many of each.
    """
    now = timezone.now()
    removed = {
        "queue entries": _queue_history(now),
        "changes": Change.objects.filter(at__lt=now - CHANGES).delete()[0],
        "undo steps": UndoStep.objects.filter(at__lt=now - UNDO).delete()[0],
        "acquaintances": acquaintances.forget(),
        "refusals": refusals.forget(now - refusals.KEPT),
        "failing addresses": suppression.forget(now),
        "policies of other domains": sts_policies.forget(),
        "TLS counts": tls_counts.forget(now - tls_counts.KEPT),
        "TLS reports": tls_reports.forget(now - tls_reports.KEPT)
        + tls_reports_received.forget(now - tls_reports_received.KEPT),
        "sending hours": sendinglimits.forget(now),
        "audit entries": audit.forget(now - audit.KEPT),
        "messages": _vanished(now) + _orphans(now),
        "blobs": _ownerless(now),
    }
    logger.info("tidied: %s", ", ".join(f"{count} {what}" for what, count in removed.items()))
    return removed


def _queue_history(now: datetime) -> int:
    count = 0
    while True:
        old = QueueEntry.objects.filter(finished_at__lt=now - settings.CORREIO.queue_history).order_by("finished_at")
        ids = list(old.values_list("id", flat=True)[:BATCH])
        if not ids:
            return count
        QueueEntry.objects.filter(id__in=ids).delete()
        count += len(ids)


def _vanished(now: datetime) -> int:
    """Messages that were expunged everywhere and whose last day is over.

    The rows that tell IMAP clients of the expunge stay as long as the changes do.
    """
    count = 0
    while True:
        over = Vanished.objects.filter(until__lt=now, message__isnull=False).order_by("until")
        ids = sorted(set(over.values_list("message_id", flat=True)[:BATCH]))
        if not ids:
            Vanished.objects.filter(until__lt=now - CHANGES).delete()
            return count
        count += _forget(ids, now)


def _orphans(now: datetime) -> int:
    """Messages whose folder was deleted. Those expunged elsewhere within the last day wait for that day to be over."""
    count = 0
    while ids := list(Orphan.objects.order_by("message_id").values_list("message_id", flat=True)[:BATCH]):
        count += _forget(ids, now)
        Orphan.objects.filter(message_id__in=ids).delete()
    return count


def _forget(ids: list[int], now: datetime) -> int:
    """Delete those of the messages that no folder holds and no session may still read; all leave the vanished rows."""
    with transaction.atomic():
        # The order of store/writer.py: a delivery that joins one of these conversations waits here or is seen.
        accounts = Message.objects.filter(id__in=ids).values_list("account_id", flat=True)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_advisory_xact_lock(x) FROM (SELECT unnest(%s::bigint[]) AS x ORDER BY 1) AS account",
                [sorted(set(accounts))],
            )
        waiting = Vanished.objects.filter(message_id__in=ids, until__gte=now).values_list("message_id", flat=True)
        free = Message.objects.filter(id__in=ids, entries__isnull=True).exclude(id__in=list(waiting))
        gone = dict(free.values_list("id", "thread_id"))
        Vanished.objects.filter(message_id__in=ids, until__lt=now).update(message=None)
        Message.objects.filter(id__in=gone).delete()
        Thread.objects.filter(id__in=set(gone.values()), messages__isnull=True).delete()
        return len(gone)


def _ownerless(now: datetime) -> int:
    count = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(FIND_OWNERLESS, [now - OWNERLESS, BATCH])
            found = int(cursor.rowcount)
        count += found
        if found < BATCH:
            return count
