"""Statements on many entries of one mailbox at once: nothing is loaded that the writer does not count with.

UIDs come as single numbers or as the runs of `mail/numbersets.py`. All of them run under the lock of the mailbox's row.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

import psycopg
from django.db import connection

from mailserver.mail.numbersets import Runs, runs_of

Uids: TypeAlias = Iterable[int] | Runs

# The largest UID the column holds; clients may write larger ones.
LARGEST: Final = (1 << 31) - 1
ALL: Final[Runs] = ((1, LARGEST),)

_AMONG = "unnest(%(lows)s::int[], %(highs)s::int[]) AS r(low, high)"
_WHERE = "e.mailbox_id = %(box)s AND e.uid BETWEEN r.low AND r.high"

READ = f"""
SELECT e.uid, e.message_id, e.thread_id, e.flags, m.size
FROM {_AMONG}, mailboxmessage e JOIN message m ON m.id = e.message_id WHERE {_WHERE} ORDER BY e.uid
"""  # noqa: S608

REMOVE = f"""
WITH gone AS (
    DELETE FROM mailboxmessage e USING {_AMONG}, message m
    WHERE {_WHERE} AND e.flags & %(only)s = %(only)s AND m.id = e.message_id
    RETURNING e.uid, e.message_id, e.thread_id, e.flags, m.size
), noted AS (
    INSERT INTO vanished (mailbox_id, uid, modseq, message_id, until)
    SELECT %(box)s, uid, %(modseq)s, message_id, %(until)s FROM gone
)
SELECT uid, message_id, thread_id, flags, size FROM gone ORDER BY uid
"""  # noqa: S608

COPY = f"""
INSERT INTO mailboxmessage (mailbox_id, uid, account_id, message_id, thread_id, at, modseq, flags, keywords, saved_at)
SELECT %(target)s, %(uidnext)s + row_number() OVER (ORDER BY e.uid) - 1, e.account_id, e.message_id, e.thread_id, e.at,
       %(modseq)s, e.flags & ~%(without)s::smallint, e.keywords, %(now)s
FROM {_AMONG}, mailboxmessage e WHERE {_WHERE}
"""  # noqa: S608

# CASE keeps the work on arrays for the entries that need it.
_FLAGS = "(e.flags & ~%(clear)s::smallint) | %(set)s::smallint"
_KEYWORDS = """CASE
    WHEN %(replace)s THEN nullif(%(put)s::int[], '{}')
    WHEN coalesce(e.keywords @> %(put)s::int[], %(put)s::int[] = '{}')
         AND NOT coalesce(e.keywords && %(take)s::int[], false) THEN e.keywords
    ELSE nullif(ARRAY(SELECT DISTINCT k FROM unnest(e.keywords || %(put)s::int[]) k
                      WHERE k <> ALL(%(take)s::int[]) ORDER BY k), '{}') END"""
_DIFFERS = f"""(({_FLAGS}) <> e.flags OR ({_KEYWORDS}) IS DISTINCT FROM e.keywords)
    AND e.modseq <= %(unchanged_since)s"""

# Two statements: joining the entries with themselves for what they were before took four times as long.
STORED = f"""
SELECT e.uid, e.flags, {_FLAGS}, e.keywords IS DISTINCT FROM ({_KEYWORDS}), {_KEYWORDS}, e.thread_id
FROM {_AMONG}, mailboxmessage e WHERE {_WHERE} AND {_DIFFERS} ORDER BY e.uid
"""  # noqa: S608
STORE = f"""
UPDATE mailboxmessage e SET flags = {_FLAGS}, keywords = {_KEYWORDS}, modseq = %(modseq)s
FROM {_AMONG} WHERE {_WHERE} AND {_DIFFERS}
"""  # noqa: S608

NEWER = f"""
SELECT e.uid FROM {_AMONG}, mailboxmessage e WHERE {_WHERE} AND e.modseq > %(since)s ORDER BY e.uid
"""  # noqa: S608


class Held(NamedTuple):
    """What is counted of an entry; `size` of its message in octets."""

    uid: int
    message_id: int
    thread_id: int
    flags: int
    size: int


class Flagged(NamedTuple):
    """An entry whose flags or keywords change."""

    uid: int
    before: int
    flags: int
    relabelled: bool
    keywords: list[int] | None
    thread_id: int


class Marks(NamedTuple):
    """What to do to flags (bits) and keywords (Label ids). `replace`: what is not set goes."""

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


def read(mailbox_id: int, uids: Uids) -> list[Held]:
    return [Held(*row) for row in _rows(READ, mailbox_id, uids)]


def newer(mailbox_id: int, uids: Uids, since: int) -> list[int]:
    """The UIDs of entries that changed after a modseq."""
    return [uid for (uid,) in _rows(NEWER, mailbox_id, uids, since=since)]


def remove(mailbox_id: int, uids: Uids, *, only: int, modseq: int, until: datetime) -> list[Held]:
    """Take out entries that have all the flags of `only`, leaving vanished rows; which."""
    return [Held(*row) for row in _rows(REMOVE, mailbox_id, uids, only=only, modseq=modseq, until=until)]


def copy(mailbox_id: int, uids: Uids, *, target: int, uidnext: int, modseq: int, without: int, now: datetime) -> None:
    """Put entries into another mailbox too, in UID order; they keep their flags but those of `without`."""
    values = {"target": target, "uidnext": uidnext, "modseq": modseq, "without": without, "now": now}
    with connection.cursor() as cursor:
        cursor.execute(COPY, _values(mailbox_id, uids) | values)


def mark(mailbox_id: int, uids: Uids, marks: Marks, *, modseq: int, unchanged_since: int | None) -> list[Flagged]:
    """Change flags and keywords; the entries that change. Those above `unchanged_since` are left alone."""
    values: dict[str, Any] = {
        "set": int(marks.set),
        "clear": 0x7FFF if marks.replace else int(marks.clear),
        "put": sorted(marks.put),
        "take": list(marks.take),
        "replace": marks.replace,
        "modseq": modseq,
        "unchanged_since": (1 << 63) - 1 if unchanged_since is None else unchanged_since,
    }
    changed = [Flagged(*row) for row in _rows(STORED, mailbox_id, uids, **values)]
    if changed:
        with connection.cursor() as cursor:
            cursor.execute(STORE, _values(mailbox_id, uids) | values)
    return changed


def _values(mailbox_id: int, uids: Uids) -> dict[str, Any]:
    pairs = runs(uids)
    return {"box": mailbox_id, "lows": [low for low, _ in pairs], "highs": [high for _, high in pairs]}


def _rows(statement: str, mailbox_id: int, uids: Uids, **values: Any) -> list[tuple[Any, ...]]:
    """In binary, which is read in half the time."""
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, _values(mailbox_id, uids) | values, binary=True)
        return cursor.fetchall()
