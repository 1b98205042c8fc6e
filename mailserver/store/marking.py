"""Flags and keywords of many entries of one mailbox: a whole transaction that goes to the database in one packet.

The mailbox's row is locked first, as by `MailboxWriter`. One statement then finds what differs, writes the entries, the
counters and the Change row, so nothing has to come here and go back; `lines.py` has those of the conversation lines,
`walks.py` why none of them can take long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db import transaction

from mailserver.errors import NotFound
from mailserver.mail.numbersets import Runs, runs_of
from mailserver.store import bell, lines, walks
from mailserver.store.entrysets import Marks, Uids, runs
from mailserver.store.exchange import Exchange, Value, array
from mailserver.store.packed import unpacked

# FOR NO KEY UPDATE as in writer.py: whatever is locked for, it is locked in the same way.
_LOCK: Final = """
SELECT highestmodseq FROM mailbox WHERE id = $1::bigint AND account_id + 0 = $2::bigint FOR NO KEY UPDATE
"""
# Of those between $3 and $4; $5 and $6 are the flags to set and to clear, $7 the modseq beyond which none is touched,
# $8 keywords. How keywords come to be, and which differ, the latter without working on arrays.
_FLAGS: Final = "(e.flags & ~$6::int2) | $5::int2"
_KEYWORDS: Final = {
    "keep": ("e.keywords", "false"),
    "put": (
        """CASE WHEN e.keywords IS NULL THEN $8::int[] WHEN e.keywords @> $8::int[] THEN e.keywords
           ELSE (SELECT array_agg(DISTINCT k) FROM unnest(e.keywords || $8::int[]) k) END""",
        "NOT coalesce(e.keywords @> $8::int[], false)",
    ),
    "take": (
        """CASE WHEN cardinality($8::int[]) = 1 THEN nullif(array_remove(e.keywords, ($8::int[])[1]), '{}')
           ELSE (SELECT array_agg(DISTINCT k) FROM unnest(e.keywords) k WHERE k <> ALL($8::int[])) END""",
        "coalesce(e.keywords && $8::int[], false)",
    ),
    "replace": ("nullif($8::int[], '{}')", "e.keywords IS DISTINCT FROM nullif($8::int[], '{}')"),
}


def _statement(keywords: str, others: str) -> str:
    return f"""
WITH changed AS (
    UPDATE mailboxmessage e SET flags = n.flags, keywords = n.keywords, modseq = n.modseq FROM (
        SELECT e.ctid AS place, e.flags AS before, {_FLAGS} AS flags, {keywords} AS keywords,
               (SELECT highestmodseq + 1 FROM mailbox WHERE id = $1::bigint) AS modseq
        {walks.ENTRIES} WHERE e.modseq <= $7::bigint AND (e.flags <> ({_FLAGS}) OR {others}) OFFSET 0
    ) n WHERE e.ctid = n.place RETURNING e.uid, n.before, e.flags, e.keywords
), counted AS (
    SELECT count(*) AS n, sum((before & 1) - (flags & 1)) AS unseen FROM changed
), box AS (
    UPDATE mailbox b SET highestmodseq = b.highestmodseq + 1, unseen = b.unseen + c.unseen
    FROM counted c WHERE b.id = $1::bigint AND c.n > 0 RETURNING b.id, b.highestmodseq
), noted AS (
    INSERT INTO change (mailbox_id, modseq, uids, at)
    SELECT box.id, box.highestmodseq, (SELECT range_agg(int4range(c.uid, c.uid + 1)) FROM changed c), now() FROM box
)
SELECT keywords, string_agg(int4send(uid), ''), string_agg(int2send(before), ''), string_agg(int2send(flags), '')
FROM changed GROUP BY 1
"""  # noqa: S608


_MARK: Final = {act: _statement(*parts) for act, parts in _KEYWORDS.items()}
_NEWER: Final = f"SELECT string_agg(int4send(e.uid), '') {walks.ENTRIES} WHERE e.modseq > $5::bigint"
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
    exchange, place = Exchange(), _place(account_id, mailbox_id, runs(uids))
    with transaction.atomic():
        walks.begin(exchange)
        locked = exchange.add(_LOCK, [mailbox_id, account_id])
        newer = None if unchanged_since is None else exchange.add(_NEWER, [*place, unchanged_since])
        since = _ANY if unchanged_since is None else unchanged_since
        values: list[Value] = [*place, int(marks.set), 0x7FFF if marks.replace else int(marks.clear), since]
        act = "replace" if marks.replace else "put" if marks.put else "take" if marks.take else "keep"
        if act != "keep":
            values.append(array(sorted(marks.take if act == "take" else marks.put)))
        answer = exchange.add(_MARK[act], values)
        lines.note_flags(exchange, place, marks, labels=labels)
        walks.end(exchange, last=last)
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


def _place(account_id: int, mailbox_id: int, among: Runs) -> list[Value]:
    """What `walks.ENTRIES` takes."""
    return [mailbox_id, account_id, array(low for low, _ in among), array(high for _, high in among)]
