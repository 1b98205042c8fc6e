"""What waits, by destination: how much, for how long, what was said last, when somebody tries again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from mailserver.mail import charset
from mailserver.services import destinations
from mailserver.store.models import PausedDestination, QueueRecipient

PAGE = 50

# The fullest first; what is said of each is looked up for those of the page alone.
_FULLEST = """
WITH fullest AS (
    SELECT domain, count(*) AS waiting, count(*) FILTER (WHERE state = 'held') AS held, min(entry_id) AS first,
           min(next_attempt_at) FILTER (WHERE state IN ('queued', 'deferred')) AS next
    FROM queuerecipient WHERE state IN ('queued', 'delivering', 'deferred', 'held')
    AND (%(text)s = '' OR strpos(domain, %(text)s) > 0)
    GROUP BY domain ORDER BY waiting DESC, domain LIMIT %(limit)s
)
SELECT f.domain, f.waiting, f.held, e.created_at, f.next, coalesce(said.row, 0)
FROM fullest f JOIN queueentry e ON e.id = f.first LEFT JOIN LATERAL (
    SELECT r.id AS row FROM queuerecipient r
    WHERE r.domain = f.domain AND r.state IN ('queued', 'delivering', 'deferred') AND r.reply_text <> ''
    ORDER BY r.next_attempt_at DESC LIMIT 1
) said ON true
ORDER BY f.waiting DESC, f.domain
"""


@dataclass(frozen=True, slots=True)
class Destination:
    """A domain with what waits for it. `said` is a recipient with the latest reply, `paused` who stopped it."""

    domain: str
    waiting: int
    held: int
    oldest: datetime | None
    next: datetime | None
    said: QueueRecipient | None
    paused: PausedDestination | None


def page(text: str = "") -> list[Destination]:
    """The fullest destinations whose name holds `text`, and those that are paused though nothing waits there."""
    wanted = charset.storable(text).strip().lower()
    with connection.cursor() as cursor:
        cursor.execute(_FULLEST, {"text": wanted, "limit": PAGE})
        rows = cursor.fetchall()
    stopped = destinations.paused()
    said = QueueRecipient.objects.select_related("entry").in_bulk([row[5] for row in rows if row[5]])
    found = [
        Destination(domain, waiting, held, oldest, following, said.get(row), stopped.pop(domain, None))
        for domain, waiting, held, oldest, following, row in rows
    ]
    empty = [row for domain, row in stopped.items() if wanted in domain]
    return found + [Destination(row.domain, 0, 0, None, None, None, row) for row in empty]
