"""A folder as one session sees it: opened once with all its UIDs, then kept up with what changes.

Each question is one statement, so what it answers was true at one moment.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import connection

from mailserver.errors import NotFound
from mailserver.mail.numbersets import Runs, common
from mailserver.services.flags import EntryFlags, keywords_of
from mailserver.services.folders import normal
from mailserver.services.uidcache import NOTHING, State, UidCache
from mailserver.store.fields import to_runs
from mailserver.store.models import Mailbox

# The UIDs come packed as 4 octets each, in half the time of rows, unless they are known. An unseen message is looked
# for through the few conversations that have one, or from the first message on.
OPEN = """
SELECT b.id, b.path, b.uidvalidity, b.uidnext, b.total, b.highestmodseq, b.first_recent_uid,
       CASE WHEN (b.id, b.uidvalidity, b.uidnext, b.total)
                 <> (%(mailbox_id)s, %(uidvalidity)s, %(uidnext)s, %(total)s) THEN
            (SELECT string_agg(int4send(e.uid), '' ORDER BY e.uid) FROM mailboxmessage e WHERE e.mailbox_id = b.id) END,
       CASE WHEN b.unseen = 0 THEN NULL
            WHEN b.unseen * 20 < b.total THEN (
                SELECT min(e.uid) FROM threadbox t JOIN mailboxmessage e USING (mailbox_id, thread_id)
                WHERE t.mailbox_id = b.id AND t.unseen > 0 AND e.flags & 1 = 0)
            ELSE (SELECT e.uid FROM mailboxmessage e WHERE e.mailbox_id = b.id AND e.flags & 1 = 0
                  ORDER BY e.uid LIMIT 1) END,
       ARRAY(SELECT l.keyword FROM label l WHERE l.account_id = b.account_id ORDER BY l.id)
FROM mailbox b WHERE b.account_id = %(account)s AND b.path = %(path)s
"""
CLAIM = """
WITH held AS (SELECT id, first_recent_uid AS first FROM mailbox
              WHERE id = %(box)s AND account_id = %(account)s FOR NO KEY UPDATE)
UPDATE mailbox b SET first_recent_uid = %(uidnext)s FROM held
WHERE b.id = held.id AND held.first < %(uidnext)s RETURNING held.first
"""

# What is above a modseq. The first row tells how far the folder is, how many changes there are, and what vanished.
_FIRST = """
WITH b AS (SELECT id, highestmodseq, uidnext FROM mailbox WHERE id = %(box)s AND account_id = %(account)s),
     c AS (SELECT change.uids FROM change, b WHERE mailbox_id = b.id AND modseq > %(since)s)
SELECT 0, b.uidnext, b.highestmodseq, (SELECT count(*) FROM c), NULL::int[],
"""
_VANISHED = """
(SELECT range_agg(int4range(v.uid, v.uid + 1)) FROM vanished v WHERE v.mailbox_id = b.id AND v.modseq > %(since)s)
FROM b
"""
_NOT_THERE = """
int4multirange(int4range(1, b.uidnext)) - coalesce(
    (SELECT range_agg(int4range(e.uid, e.uid + 1)) FROM mailboxmessage e WHERE e.mailbox_id = b.id), '{}')
FROM b
"""
_ENTRIES = "UNION ALL SELECT 1, e.uid, e.modseq, e.flags, e.keywords, NULL FROM"
# The changes tell which entries to look at: there is no index on modseq. OFFSET 0: or the planner looks at all.
DELTA = f"""{_FIRST} {_VANISHED} {_ENTRIES} (SELECT unnest(range_agg(c.uids)) AS run FROM c) r, LATERAL (
    SELECT * FROM mailboxmessage WHERE mailbox_id = %(box)s AND uid >= lower(r.run) AND uid < upper(r.run) OFFSET 0) e
WHERE e.modseq > %(since)s"""  # noqa: S608
# Where changes were tidied away: all entries are looked at, and all UIDs that are not there may have vanished.
SCAN = f"{_FIRST} {_NOT_THERE} {_ENTRIES} b, mailboxmessage e WHERE e.mailbox_id = b.id AND e.modseq > %(since)s"
GONE = f"{_FIRST} {_VANISHED}"
NOT_THERE = f"{_FIRST} {_NOT_THERE}"


_uids = UidCache()


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder at the moment it was opened; `uids` ascending, shared with others.

    Recent are the UIDs from `first_recent` to `uidnext`; `unseen` is the first message not read; `keywords` are those
    of the account.
    """

    mailbox_id: int
    path: str
    uidvalidity: int
    uidnext: int
    highestmodseq: int
    uids: array[int]
    unseen: int | None
    first_recent: int
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Delta:
    """What changed after a modseq. `vanished` may name UIDs that never were (RFC 7162 §3.2.10.1)."""

    highestmodseq: int
    uidnext: int
    changed: list[EntryFlags]
    vanished: Runs


def opened(account_id: int, path: str, *, read_only: bool) -> Opened:
    """Open a folder; not `read_only`, its recent messages are recent for nobody else. Raises NotFound."""
    row, uids = _opened(account_id, normal(path))
    number, name, uidvalidity, uidnext, _, modseq, recent, _, unseen, keywords = row
    if not read_only:
        recent = claim(account_id, number, uidnext)
    return Opened(number, name, uidvalidity, uidnext, modseq, uids, unseen, recent, tuple(keywords))


def _opened(account_id: int, path: str) -> tuple[tuple[Any, ...], array[int]]:
    """The row of OPEN, and the UIDs. Raises NotFound."""
    key = f"{account_id} {path}"
    known = _uids.state(key)
    row = _row(account_id, path, known)
    uids = _uids.get(key, _state(row))
    if uids is None:
        if _state(row) == known:
            # They made room for others meanwhile.
            row = _row(account_id, path, NOTHING)
        uids = _unpacked(row[7])
        _uids.keep(key, _state(row), uids)
    return row, uids


def _row(account_id: int, path: str, known: State) -> tuple[Any, ...]:
    rows = _rows(OPEN, {"account": account_id, "path": path, **known._asdict()})
    if not rows:
        raise NotFound("There is no such folder.")
    return rows[0]


def _state(row: tuple[Any, ...]) -> State:
    return State(row[0], *row[2:5])


def _unpacked(packed: bytes | None) -> array[int]:
    uids = array("I", packed or b"")
    if sys.byteorder == "little":
        uids.byteswap()
    return uids


def claim(account_id: int, mailbox_id: int, uidnext: int) -> int:
    """Make the messages below `uidnext` recent for the caller alone; the first of them, `uidnext` if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(CLAIM, {"box": mailbox_id, "account": account_id, "uidnext": uidnext})
        row = cursor.fetchone()
    return int(row[0]) if row else uidnext


def changes(account_id: int, mailbox_id: int, *, since: int) -> Delta:
    """What changed after the modseq `since`. Raises NotFound."""
    (_, uidnext, modseq, count, _, vanished), *entries = _above(DELTA, account_id, mailbox_id, since)
    if count < modseq - since:
        (_, uidnext, modseq, count, _, vanished), *entries = _above(SCAN, account_id, mailbox_id, since)
    keywords = keywords_of(account_id)
    changed = [EntryFlags(uid, flags, keywords.of(ids), modseq) for _, uid, modseq, flags, ids, _ in entries]
    return Delta(modseq, uidnext, changed, to_runs(vanished))


def vanished_since(account_id: int, mailbox_id: int, since: int, known: Runs | None = None) -> Runs:
    """The UIDs, of those `known`, that vanished after a modseq; more of them than did, if that is too long ago.

    Raises NotFound.
    """
    ((_, _, modseq, count, _, vanished),) = _above(GONE, account_id, mailbox_id, since)
    if count < modseq - since:
        ((_, _, _, _, _, vanished),) = _above(NOT_THERE, account_id, mailbox_id, since)
    runs = to_runs(vanished)
    return runs if known is None else common(runs, known)


def counters(mailbox_ids: Collection[int]) -> dict[int, int]:
    """How far each folder is; those that are gone are left out."""
    return dict(Mailbox.objects.filter(pk__in=mailbox_ids).values_list("pk", "highestmodseq"))


def _above(statement: str, account_id: int, mailbox_id: int, since: int) -> list[tuple[Any, ...]]:
    """The row of `_FIRST`, then those of entries by UID. Raises NotFound."""
    rows = _rows(statement, {"account": account_id, "box": mailbox_id, "since": since})
    if not rows:
        raise NotFound("There is no such folder.")
    return sorted(rows)


def _rows(statement: str, values: Any) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values, binary=True)
        return cursor.fetchall()
