"""Statements on many entries of one mailbox at once: nothing is loaded that the writer does not count with.

UIDs come as single numbers or as the runs of `mail/numbersets.py`. All of them run under the lock of the mailbox's row.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from operator import itemgetter
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg
from django.db import connection

from mailserver.mail.numbersets import Runs, runs_of
from mailserver.store.fields import to_ranges

Uids: TypeAlias = Iterable[int] | Runs

# The largest UID the column holds; clients may write larger ones.
LARGEST: Final = (1 << 31) - 1
ALL: Final[Runs] = ((1, LARGEST),)

# OFFSET 0: each run is one walk along the primary key; left to itself the planner compares all entries with all runs.
_AMONG = """
FROM unnest(%(lows)s::int[], %(highs)s::int[]) AS r(low, high), LATERAL (
    SELECT * FROM mailboxmessage WHERE mailbox_id = %(box)s AND uid BETWEEN r.low AND r.high OFFSET 0) e
"""
# A list of many UIDs takes as long to write and read as what is done with them.
_FEW: Final = 500
_THESE = "e.mailbox_id = %(box)s AND {uids}"
_LISTED = "e.uid = ANY(%(uids)s)"
_BETWEEN = "e.uid BETWEEN %(first)s AND %(last)s AND e.uid <@ %(uids)s::int4multirange"

READ = f"""
SELECT e.uid, e.message_id, e.thread_id, e.flags, m.size {_AMONG} JOIN message m ON m.id = e.message_id
WHERE e.flags & %(only)s::smallint = %(only)s
"""

REMOVE = f"""
WITH gone AS (DELETE FROM mailboxmessage e WHERE {_THESE} RETURNING e.uid, e.message_id)
INSERT INTO vanished (mailbox_id, uid, modseq, message_id, until)
SELECT %(box)s, uid, %(modseq)s, message_id, %(until)s FROM gone
"""  # noqa: S608

COPY = f"""
INSERT INTO mailboxmessage (mailbox_id, uid, account_id, message_id, thread_id, at, modseq, flags, keywords, saved_at)
SELECT %(target)s, %(uidnext)s + row_number() OVER (ORDER BY e.uid) - 1, e.account_id, e.message_id, e.thread_id, e.at,
       %(modseq)s, e.flags & ~%(without)s::smallint, e.keywords, %(now)s
FROM mailboxmessage e WHERE {_THESE}
"""  # noqa: S608


class Held(NamedTuple):
    """What is counted of an entry; `size` of its message in octets."""

    uid: int
    message_id: int
    thread_id: int
    flags: int
    size: int


class Marks(NamedTuple):
    """What to do to flags (bits) and keywords (Label ids), of which some are put or taken. `replace`: others go."""

    set: int = 0
    clear: int = 0
    put: tuple[int, ...] = ()
    take: tuple[int, ...] = ()
    replace: bool = False


def runs(uids: Uids) -> Runs:
    """As runs that the column can hold."""
    listed = uids if isinstance(uids, tuple) else tuple(uids)
    found: Runs = tuple(one for one in listed if not isinstance(one, int))
    found = found or runs_of(one for one in listed if isinstance(one, int))
    return tuple((low, min(high, LARGEST)) for low, high in found if low <= LARGEST)


def read(mailbox_id: int, uids: Uids, *, only: int = 0) -> list[Held]:
    """The entries that have all the flags of `only`, by UID."""
    return [Held._make(row) for row in _rows(READ, mailbox_id, uids, only=int(only))]


def remove(mailbox_id: int, uids: Sequence[int], *, modseq: int, until: datetime) -> None:
    """Take out entries, leaving vanished rows."""
    _execute(REMOVE, mailbox_id, uids, modseq=modseq, until=until)


def copy(mailbox_id: int, uids: Sequence[int], **placed: Any) -> None:
    """Put entries into the mailbox `target` too, from `uidnext` on in UID order, without the flags `without`."""
    _execute(COPY, mailbox_id, uids, **placed)


def _execute(statement: str, mailbox_id: int, uids: Sequence[int], **values: Any) -> None:
    """`uids` ascending."""
    if len(uids) <= _FEW:
        values |= {"box": mailbox_id, "uids": list(uids)}
    else:
        values |= {"box": mailbox_id, "uids": to_ranges(uids), "first": uids[0], "last": uids[-1]}
    with connection.cursor() as cursor:
        cursor.execute(statement.replace("{uids}", _LISTED if len(uids) <= _FEW else _BETWEEN), values)


def _rows(statement: str, mailbox_id: int, uids: Uids, **values: Any) -> list[tuple[Any, ...]]:
    """By UID; in binary, which is read in half the time."""
    pairs = runs(uids)
    ends = {"box": mailbox_id, "lows": [low for low, _ in pairs], "highs": [high for _, high in pairs]}
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, ends | values, binary=True)
        return sorted(cursor.fetchall(), key=itemgetter(0))
