"""What changed in many folders at once, of many accounts: one statement for all that a ring of bells was about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from mailserver.errors import NotFound
from mailserver.services import selection
from mailserver.services.flags import EntryFlags, keywords_of
from mailserver.services.selection import Delta
from mailserver.store.fields import to_runs

# As DELTA of services/selection.py, with the folder's id in front.
_TOGETHER = """
WITH a AS (
    SELECT b.id, b.uidnext, b.highestmodseq, q.since
    FROM unnest(%(accounts)s::bigint[], %(boxes)s::bigint[], %(since)s::bigint[]) AS q(account, box, since)
    JOIN mailbox b ON b.id = q.box AND b.account_id = q.account)
SELECT a.id, 0, a.uidnext, a.highestmodseq,
       (SELECT count(*) FROM change c WHERE c.mailbox_id = a.id AND c.modseq > a.since), NULL::int[],
       (SELECT range_agg(int4range(v.uid, v.uid + 1)) FROM vanished v WHERE v.mailbox_id = a.id AND v.modseq > a.since)
FROM a
UNION ALL
SELECT a.id, 1, e.uid, e.modseq, e.flags, e.keywords, NULL
FROM a, LATERAL (SELECT unnest(range_agg(c.uids)) AS run FROM change c
                 WHERE c.mailbox_id = a.id AND c.modseq > a.since) r,
     LATERAL (SELECT * FROM mailboxmessage
              WHERE mailbox_id = a.id AND uid >= lower(r.run) AND uid < upper(r.run) OFFSET 0) e
WHERE e.modseq > a.since
"""


@dataclass(frozen=True, slots=True)
class Asked:
    """A folder, and the modseq after which changes are wanted."""

    account_id: int
    mailbox_id: int
    since: int


def together(asked: Sequence[Asked]) -> dict[int, Delta | None]:
    """As `selection.changes`, by mailbox; None for a folder that is gone."""
    rows = defaultdict(list)
    for number, *row in _rows(asked):
        rows[number].append(tuple(row))
    return {one.mailbox_id: _delta(one, sorted(rows[one.mailbox_id])) for one in asked}


def _delta(one: Asked, rows: list[tuple[Any, ...]]) -> Delta | None:
    if not rows:
        return None
    (_, uidnext, modseq, count, _, vanished), *entries = rows
    if count < modseq - one.since:
        # Changes were tidied away, which is rare: all entries are looked at.
        try:
            return selection.changes(one.account_id, one.mailbox_id, since=one.since)
        except NotFound:
            return None
    keywords = keywords_of(one.account_id)
    changed = [EntryFlags(uid, flags, keywords.of(ids), modseq) for _, uid, modseq, flags, ids, _ in entries]
    return Delta(modseq, uidnext, changed, to_runs(vanished))


def _rows(asked: Sequence[Asked]) -> list[tuple[Any, ...]]:
    values = {
        "accounts": [one.account_id for one in asked],
        "boxes": [one.mailbox_id for one in asked],
        "since": [one.since for one in asked],
    }
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_TOGETHER, values, binary=True)
        return cursor.fetchall()
