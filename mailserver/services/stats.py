"""Figures of the whole server, for the dashboard: counted from the timeline and the queue when they are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Count, Min
from django.utils import timezone

from mailserver.store.models import Event, QueueRecipient

State = QueueRecipient.State
WAITING = (State.QUEUED, State.DELIVERING, State.DEFERRED, State.HELD)
# A worker takes due mail within seconds; minutes mean that nobody works.
STUCK = timedelta(minutes=5)

HOURS = """
SELECT date_trunc('hour', at) AS hour, count(*) FILTER (WHERE kind = 'stored') AS received,
       count(*) FILTER (WHERE kind = 'submitted') AS sent
FROM event WHERE at >= %s AND kind IN ('stored', 'submitted') GROUP BY 1 ORDER BY 1
"""
# Each delivery with the submission of its entry and the number of tries it took.
DELIVERIES = """
SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM d.at - q.created_at)),
       count(*) FILTER (WHERE r.attempts <= 1), count(*)
FROM event d JOIN queueentry q ON q.id = d.entry_id
JOIN queuerecipient r ON r.entry_id = d.entry_id AND r.address = d.recipient
WHERE d.at >= %s AND d.kind = 'delivered' AND q.not_before <= q.created_at + interval '1 second'
"""


@dataclass(frozen=True, slots=True)
class Hour:
    """Mail of one hour."""

    at: datetime
    received: int
    sent: int


@dataclass(frozen=True, slots=True)
class Deliveries:
    """What left since a moment: seconds until half of it had arrived, and how much went at the first try."""

    median: float | None
    at_first_try: int
    total: int

    @property
    def first_try_share(self) -> float | None:
        return self.at_first_try / self.total if self.total else None


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits: recipients by state, since when the oldest does, and how many are due and left alone."""

    by_state: dict[str, int]
    oldest: datetime | None
    stuck: int

    @property
    def waiting(self) -> int:
        return sum(self.by_state.values())

    @property
    def held(self) -> int:
        return self.by_state.get(State.HELD, 0)


def hours(since: datetime) -> list[Hour]:
    """Mail received and sent, hour by hour; hours without any are left out."""
    with connection.cursor() as cursor:
        cursor.execute(HOURS, [since])
        return [Hour(*row) for row in cursor.fetchall()]


def deliveries(since: datetime) -> Deliveries:
    with connection.cursor() as cursor:
        cursor.execute(DELIVERIES, [since])
        return Deliveries(*cursor.fetchone())


def queue() -> Queue:
    rows = QueueRecipient.objects.filter(state__in=WAITING)
    by_state = dict(rows.values_list("state").annotate(n=Count("pk")).order_by())
    oldest = rows.aggregate(at=Min("entry__created_at"))["at"] if by_state else None
    due = rows.filter(state__in=(State.QUEUED, State.DEFERRED), next_attempt_at__lt=timezone.now() - STUCK)
    return Queue(by_state, oldest, due.count() if by_state else 0)


def refusals(since: datetime, limit: int = 6) -> Sequence[Event]:
    """The latest final refusals, newest first; `detail` says what the other side said."""
    rows = Event.objects.filter(kind=Event.Kind.BOUNCED, at__gte=since, entry__isnull=False)
    return list(rows.select_related("entry").order_by("-at", "-id")[:limit])
