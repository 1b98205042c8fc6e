"""Delays that no try would tell of: a destination is paused, its server is dead, the next step of the schedule is far.

A try tells by itself (`bounces`). The clock looks here for the rest, and each recipient is told of once.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from mailserver.services import bounces, destinations
from mailserver.store.models import QueueEntry, QueueRecipient

State = QueueRecipient.State

# Of one look; the next finds what is left.
BATCH = 500

# What is due is about to be tried, and that try tells, or delivers. After so long nobody came.
OVERDUE = timedelta(minutes=15)

# The conditions of `bounces._is_late`, as far as rows know them; what is held waits for a person, not for a server.
LATE = f"""
SELECT DISTINCT r.entry_id FROM queuerecipient r JOIN queueentry e ON e.id = r.entry_id
WHERE r.state IN ('queued', 'deferred') AND r.delay_told_at IS NULL AND e.not_before <= %(before)s AND e.sender <> ''
  AND (strpos(r.notify, 'DELAY') > 0 OR (r.notify = '' AND e.account_id IS NOT NULL))
  AND (r.next_attempt_at > %(now)s OR r.next_attempt_at < %(overdue)s OR NOT {destinations.NOT_PAUSED})
ORDER BY r.entry_id LIMIT %(limit)s
"""  # noqa: S608 - constants of these files


def tell() -> int:
    """Tell senders of what waits for longer than CORREIO_DELAY_NOTICE; how many messages that were."""
    notice, now = settings.CORREIO.delay_notice, timezone.now()
    if notice is None:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(LATE, {"now": now, "before": now - notice, "overdue": now - OVERDUE, "limit": BATCH})
        found = [entry_id for (entry_id,) in cursor.fetchall()]
    return sum(_tell(entry_id, now) for entry_id in found)


def _tell(entry_id: int, now: datetime) -> bool:
    """One report about all of an entry's recipients that wait; the entry's lock comes first, as where a try is noted.

    Rows that a worker has just taken are left to it.
    """
    with transaction.atomic():
        entry = QueueEntry.objects.select_for_update(no_key=True, skip_locked=True).filter(pk=entry_id).first()
        if entry is None:
            return False
        rows = QueueRecipient.objects.select_for_update(no_key=True, skip_locked=True).filter(
            entry=entry, state__in=(State.QUEUED, State.DEFERRED), delay_told_at=None
        )
        return bool(bounces.report_all(entry, list(rows.order_by("id")), {}, at=now))
