"""Who is to be delivered to first: the due recipients of a destination in their order, which lasts for a while.

To put them in order costs some 7 µs a recipient, whatever is taken of them. So a worker that has more to take does so
once a second, and looks up by their ids what comes next.
"""

from __future__ import annotations

import time
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.backends.utils import CursorWrapper

from mailserver.services import destinations

# Place in the plan, then entry, id, address, tries, NOTIFY and ORCPT of a recipient.
Row = tuple[Any, ...]

# Recipients in a plan, at most.
MOST = 5000

# Seconds for which it counts, or so many times as long as it took to make: what is more urgent and comes meanwhile
# waits until then.
LASTS, TIMES = 1.0, 5

# Accounts take turns, so that who sends thousands delays nobody else; reports (null sender) come after people's mail.
PLAN = f"""
SELECT w.domain, ARRAY(
    SELECT due.id FROM (
        SELECT r.id, r.next_attempt_at, r.entry_id, e.priority - (e.sender = '')::int AS urgency,
            row_number() OVER (
            PARTITION BY e.priority - (e.sender = '')::int, e.account_id,
                CASE WHEN e.account_id IS NULL THEN e.sender END
            ORDER BY r.next_attempt_at, r.entry_id, r.id
        ) AS turn
        FROM queuerecipient r JOIN queueentry e ON e.id = r.entry_id
        WHERE r.domain = w.domain AND r.state IN ('queued', 'deferred') AND r.next_attempt_at <= %(now)s
    ) due ORDER BY urgency DESC, turn, next_attempt_at, entry_id, id LIMIT {MOST}
), (
    SELECT count(*) FROM queuerecipient r
    WHERE r.domain = w.domain AND r.state IN ('queued', 'deferred') AND r.next_attempt_at <= %(now)s
)
FROM unnest(%(domains)s::text[]) AS w (domain)
"""  # noqa: S608

# Of the ids planned for each destination the first that wait still. Each row is looked up by its id: with `|| ''` and
# `+ interval '0'` no index of all that waits can be taken for that, as PostgreSQL did before it had counted the rows.
TAKE = f"""
WITH wanted AS (
    SELECT * FROM unnest(%(domains)s::text[], %(most)s::int[], %(tokens)s::uuid[], %(first)s::int[], %(last)s::int[])
        AS w (domain, most, token, first, last)
), chosen AS (
    SELECT r.domain, r.token, taken.* FROM wanted r CROSS JOIN LATERAL (
        SELECT locked.id, planned.place
        FROM unnest((%(ids)s::bigint[])[r.first:r.last]) WITH ORDINALITY AS planned (id, place) CROSS JOIN LATERAL (
            SELECT q.id FROM queuerecipient q WHERE q.id = planned.id AND q.state || '' IN ('queued', 'deferred')
              AND q.next_attempt_at + interval '0' <= %(now)s
            FOR NO KEY UPDATE SKIP LOCKED
        ) locked
        LIMIT r.most
    ) taken
    WHERE {destinations.NOT_PAUSED}
)
UPDATE queuerecipient r SET state = 'delivering', lease_until = %(until)s, lease_token = chosen.token
FROM chosen WHERE r.id = chosen.id
RETURNING chosen.domain, chosen.place, r.entry_id, r.id, r.address, r.attempts, r.notify, r.original_recipient
"""  # noqa: S608


class Plan(NamedTuple):
    """Ids of recipients, who comes first at the head; `behind` are due too and not among them. `until` is in the time
    of `time.monotonic`.
    """

    ids: Sequence[int]
    behind: int
    until: float

    @property
    def left(self) -> int:
        return len(self.ids) + self.behind

    @property
    def holds(self) -> bool:
        return bool(self.ids) and time.monotonic() < self.until

    def without(self, first: int) -> Plan:
        """What comes after the `first` so many."""
        return self._replace(ids=self.ids[first:])


class Order(NamedTuple):
    """Up to `most` recipients of a destination. Who claims ahead gives the same `token` each time, and the `plan` that
    came with what was held, while it holds.
    """

    domain: str
    most: int
    token: uuid.UUID
    plan: Plan | None = None

    @property
    def looked_at(self) -> int:
        """Ids of the plan that are looked at: another worker may have taken some of one that is not new."""
        return 3 * self.most if self.plan else self.most


def made(domains: Sequence[str], now: datetime) -> dict[str, Plan]:
    """A plan for each of the destinations."""
    if not domains:
        return {}
    began = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(PLAN, {"domains": list(domains), "now": now})
        rows = cursor.fetchall()
    until = time.monotonic() + max(LASTS, TIMES * (time.monotonic() - began))
    return {domain: Plan(ids, due - len(ids), until) for domain, ids, due in rows}


def taken(
    cursor: CursorWrapper, orders: Sequence[Order], planned: Mapping[str, Plan], now: datetime, until: datetime
) -> dict[str, list[Row]]:
    """Lease what comes next until then: destination → its rows in the order of the plan, each with its place from 1."""
    ids: list[int] = []
    first, last = [], []
    for order in orders:
        first.append(len(ids) + 1)
        ids += planned[order.domain].ids[: order.looked_at]
        last.append(len(ids))
    places = {"ids": ids, "first": first, "last": last}
    cursor.execute(TAKE, columns(orders) | places | {"now": now, "until": until})
    rows: dict[str, list[Row]] = defaultdict(list)
    for domain, *row in sorted(cursor.fetchall()):
        rows[domain].append((*row,))
    return rows


def columns(orders: Sequence[Order]) -> dict[str, Any]:
    """The parameters of a statement."""
    return {
        "domains": [order.domain for order in orders],
        "most": [order.most for order in orders],
        "tokens": [order.token for order in orders],
    }
