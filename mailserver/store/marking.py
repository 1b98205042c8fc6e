"""Flags and keywords of many entries of one mailbox: a whole transaction that goes to the database in one packet.

The mailbox's row is locked first, as by `MailboxWriter`. One statement then finds what differs, writes the entries, the
counters and the Change row, so nothing has to come here and go back; `lines.py` has those of the conversation lines.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Final

from django.db import transaction

from mailserver.errors import NotFound
from mailserver.mail.numbersets import Runs, count, each, runs_of
from mailserver.store import bell, lines
from mailserver.store.entrysets import Marks, Uids, runs
from mailserver.store.exchange import Exchange, Value, array, keep_plans_when_large
from mailserver.store.packed import unpacked

# FOR NO KEY UPDATE as in writer.py: whatever is locked for, it is locked in the same way.
LOCK = "SELECT highestmodseq FROM mailbox WHERE id = $1::bigint AND account_id = $2::bigint FOR NO KEY UPDATE"

# Up to so many UIDs are listed; more come as runs, between the first and the last.
_FEW: Final = 500
_LISTED: Final = "e.mailbox_id = $1::bigint AND e.account_id = $2::bigint AND e.uid = ANY($3::int[])"
_RUN: Final = "e.mailbox_id = $1::bigint AND e.account_id = $2::bigint AND e.uid BETWEEN $3::int AND $4::int"
_BETWEEN: Final = f"{_RUN} AND e.uid <@ $5::int4multirange"

_FLAGS = "(e.flags & ~{clear}::int2) | {set}::int2"
# How keywords come to be, and which differ, the latter without working on arrays.
_KEYWORDS: Final = {
    "keep": ("e.keywords", "false"),
    "put": (
        """CASE WHEN e.keywords IS NULL THEN {ids} WHEN e.keywords @> {ids} THEN e.keywords
           ELSE ARRAY(SELECT DISTINCT k FROM unnest(e.keywords || {ids}) k ORDER BY k) END""",
        "NOT coalesce(e.keywords @> {ids}, false)",
    ),
    "take": (
        """CASE WHEN cardinality({ids}) = 1 THEN nullif(array_remove(e.keywords, ({ids})[1]), '{{}}')
           ELSE nullif(ARRAY(SELECT k FROM unnest(e.keywords) k WHERE k <> ALL({ids}) ORDER BY k), '{{}}') END""",
        "coalesce(e.keywords && {ids}, false)",
    ),
    "replace": ("nullif({ids}, '{{}}')", "e.keywords IS DISTINCT FROM nullif({ids}, '{{}}')"),
}
# What differs is found twice, by the same snapshot: joining the entries with what they were took four times as long.
_MARK = """
WITH changed AS MATERIALIZED (
    SELECT e.uid, e.flags AS before, {flags} AS flags, {keywords} AS keywords
    FROM mailboxmessage e WHERE {these} AND {differs}
), counted AS (
    SELECT count(*) AS n, sum((before & 1) - (flags & 1)) AS unseen FROM changed
), box AS (
    UPDATE mailbox b SET highestmodseq = b.highestmodseq + 1, unseen = b.unseen + c.unseen
    FROM counted c WHERE b.id = $1::bigint AND b.account_id = $2::bigint AND c.n > 0 RETURNING b.id, b.highestmodseq
), entry AS (
    UPDATE mailboxmessage e SET flags = {flags}, keywords = {keywords}, modseq = box.highestmodseq
    FROM box WHERE {these} AND {differs}
), noted AS (
    INSERT INTO change (mailbox_id, modseq, uids, at)
    SELECT box.id, box.highestmodseq, (SELECT range_agg(int4range(c.uid, c.uid + 1)) FROM changed c), now() FROM box
)
SELECT keywords, string_agg(int4send(uid), ''), string_agg(int2send(before), ''), string_agg(int2send(flags), '')
FROM changed GROUP BY 1
"""
_NEWER = "SELECT string_agg(int4send(e.uid), '') FROM mailboxmessage e WHERE {these} AND e.modseq > {since}::bigint"
_ANY: Final = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Group:
    """Entries that have the same keywords (Label ids) now; their UIDs, and flags before and after, in one order."""

    keywords: list[int] | None
    uids: list[int]
    before: list[int]
    flags: list[int]


@dataclass(frozen=True, slots=True)
class Marked:
    """Entries that changed; the UIDs left alone because they were too new; the modseq of the mailbox after it."""

    groups: list[Group]
    refused: Runs
    modseq: int

    @property
    def uids(self) -> list[int]:
        """Of the entries that changed, ascending."""
        return sorted(uid for group in self.groups for uid in group.uids)


def mark(
    account_id: int,
    mailbox_id: int,
    uids: Uids,
    marks: Marks,
    *,
    labels: bool,
    unchanged_since: int | None = None,
    last: bool = True,
) -> Marked:
    """Change flags and keywords of an account's entries; those above `unchanged_since` are left alone.

    `labels`: keywords among them are labels that conversation lines show. `last`: nothing follows in the caller's
    transaction. Raises NotFound.
    """
    these, place = _these(account_id, mailbox_id, runs(uids))
    exchange = Exchange()
    with transaction.atomic():
        exchange.add(keep_plans_when_large("mailboxmessage"))
        locked = exchange.add(LOCK, [mailbox_id, account_id])
        newer = None
        if unchanged_since is not None:
            newer = exchange.add(_newer(these, len(place)), [*place, unchanged_since])
        since = _ANY if unchanged_since is None else unchanged_since
        values: list[Value] = [*place, int(marks.set), 0x7FFF if marks.replace else int(marks.clear), since]
        act = "replace" if marks.replace else "put" if marks.put else "take" if marks.take else "keep"
        if act != "keep":
            values.append(array(sorted(marks.take if act == "take" else marks.put)))
        answer = exchange.add(_statement(these, len(place), act), values)
        lines.note_flags(exchange, these, place, marks, labels=labels)
        exchange.send(last=last)
        if not locked.rows:
            raise NotFound("There is no such folder.")
        groups = [_group(*row) for row in answer.rows]
        modseq = locked.rows[0][0] + bool(groups)
        if groups:
            bell.ring_on_commit(account_id, {mailbox_id: modseq})
    return Marked(groups, runs_of(unpacked("int4", newer.rows[0][0])) if newer is not None else (), modseq)


def _group(keywords: list[int] | None, uids: bytes, before: bytes, flags: bytes) -> Group:
    return Group(
        keywords, unpacked("int4", uids).tolist(), unpacked("int2", before).tolist(), unpacked("int2", flags).tolist()
    )


def _these(account_id: int, mailbox_id: int, among: Runs) -> tuple[str, list[Value]]:
    """A condition on `mailboxmessage e`, and the values of its $1 …"""
    place: list[Value] = [mailbox_id, account_id]
    if not among or (count(among) <= _FEW):
        return _LISTED, [*place, array(each(among))]
    ends: list[Value] = [among[0][0], among[-1][1]]
    if len(among) == 1:
        return _RUN, [*place, *ends]
    return _BETWEEN, [*place, *ends, "{" + ",".join(f"[{low},{high}]" for low, high in among) + "}"]


@functools.lru_cache(maxsize=10)
def _newer(these: str, given: int) -> str:
    return _NEWER.format(these=these, since=f"${given + 1}")


@functools.lru_cache(maxsize=20)
def _statement(these: str, given: int, act: str) -> str:
    """`given`: values that `these` takes. `act`: what happens to keywords."""
    flags = _FLAGS.format(set=f"${given + 1}", clear=f"${given + 2}")
    keywords, others = (part.format(ids=f"${given + 4}::int[]") for part in _KEYWORDS[act])
    differs = f"(e.flags <> ({flags}) OR {others}) AND e.modseq <= ${given + 3}::bigint"
    return _MARK.format(these=these, flags=flags, keywords=keywords, differs=differs)
