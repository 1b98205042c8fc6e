"""Every change of a mailbox's entries, and the only place that hands out UIDs and modseqs.

A `MailboxWriter` locks the mailbox rows in id order and keeps them for the transaction, so commit order is UID order
and MODSEQ order. (A sequence is wrong here: numbers would become visible out of order.) At the end it writes
counters, one Change row per mailbox, the conversation lines, and rings the bell on commit. Lock order: mailboxes,
entries, threads, conversation lines.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.store import bell, entrysets, rows, summary
from mailserver.store.entrysets import Flagged, Held, Marks, Uids
from mailserver.store.fields import to_ranges
from mailserver.store.models import Mailbox
from mailserver.store.models.mailbox import Flag

# Plain numbers: with 100,000 entries, enums take ten times as long.
_SEEN: Final = int(Flag.SEEN)
_DELETED: Final = int(Flag.DELETED)

VANISHED_FOR = timedelta(hours=24)

# By hand: Django's bulk_update builds a CASE per column and took a sixth of a delivery.
COUNTERS = """
UPDATE mailbox b SET uidnext = n.uidnext, highestmodseq = n.modseq, total = n.total, unseen = n.unseen, size = n.size
FROM unnest(%s::bigint[], %s::int[], %s::bigint[], %s::int[], %s::int[], %s::bigint[])
    AS n(id, uidnext, modseq, total, unseen, size)
WHERE b.id = n.id
"""

ENTRY = rows.Table(
    "mailboxmessage",
    {
        "mailbox_id": "int8",
        "uid": "int4",
        "account_id": "int8",
        "message_id": "int8",
        "thread_id": "int8",
        "at": "timestamptz",
        "modseq": "int8",
        "flags": "int2",
        "keywords": "int4[]",
        "saved_at": "timestamptz",
    },
)

CHANGE = rows.Table("change", {"mailbox_id": "int8", "modseq": "int8", "uids": "int4multirange", "at": "timestamptz"})


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What `MailboxWriter.add` needs of a message; `size` in octets, `at` its internal date."""

    message_id: int
    thread_id: int
    at: datetime
    size: int
    flags: int = 0
    keywords: list[int] | None = None


@contextmanager
def writing(mailbox_ids: Iterable[int]) -> Iterator[MailboxWriter]:
    """A transaction that holds these mailboxes. Raises NotFound if one does not exist."""
    with transaction.atomic():
        writer = MailboxWriter(sorted(set(mailbox_ids)))
        yield writer
        writer.finish()


class MailboxWriter:
    def __init__(self, mailbox_ids: Sequence[int]) -> None:
        locked = Mailbox.objects.select_for_update(no_key=True).filter(id__in=mailbox_ids).order_by("id")
        self.boxes = {box.id: box for box in locked}
        if len(self.boxes) != len(mailbox_ids):
            raise NotFound("There is no such folder.")
        self._changed: dict[int, set[int]] = defaultdict(set)
        self._threads: set[int] = set()
        self._removed = False

    def modseq(self, mailbox_id: int) -> int:
        """The modseq of this transaction in a mailbox: one for all it changes."""
        box = self.boxes[mailbox_id]
        if mailbox_id not in self._changed:
            box.highestmodseq += 1
            self._changed[mailbox_id] = set()
        return box.highestmodseq

    def add(self, mailbox_id: int, entries: Sequence[NewEntry]) -> list[int]:
        """Put messages into a mailbox; their UIDs, in the order given."""
        return self.add_all([(mailbox_id, entry) for entry in entries])

    def add_all(self, entries: Sequence[tuple[int, NewEntry]]) -> list[int]:
        """Put messages into mailboxes, as (mailbox id, entry), in one statement; their UIDs, in the order given."""
        now = timezone.now()
        placed = [(mailbox_id, self._take_in(mailbox_id, entry), entry) for mailbox_id, entry in entries]
        rows.copy(ENTRY, (self._row(*place, now) for place in placed))
        return [uid for _, uid, _ in placed]

    def _take_in(self, mailbox_id: int, entry: NewEntry) -> int:
        """Count a message that comes in; its UID."""
        self.modseq(mailbox_id)
        box = self.boxes[mailbox_id]
        uid = box.uidnext
        box.uidnext += 1
        box.total += 1
        box.unseen += not entry.flags & Flag.SEEN
        box.size += entry.size
        self._note(mailbox_id, [uid], [entry.thread_id])
        return uid

    def _row(self, mailbox_id: int, uid: int, entry: NewEntry, now: datetime) -> tuple[object, ...]:
        box = self.boxes[mailbox_id]
        place = (mailbox_id, uid, box.account_id, entry.message_id, entry.thread_id)
        return (*place, entry.at, box.highestmodseq, int(entry.flags), entry.keywords or None, now)

    def set_flags(self, mailbox_id: int, uids: Uids, *, add: int = 0, remove: int = 0) -> list[int]:
        """Set and clear flag bits; the UIDs that really changed."""
        return [entry.uid for entry in self.mark(mailbox_id, uids, Marks(set=add, clear=remove))]

    def mark(self, mailbox_id: int, uids: Uids, marks: Marks, *, unchanged_since: int | None = None) -> list[Flagged]:
        """Change flags and keywords; the entries that really changed, by UID."""
        modseq = self._coming(mailbox_id)
        changed = entrysets.mark(mailbox_id, uids, marks, modseq=modseq, unchanged_since=unchanged_since)
        if changed:
            self.modseq(mailbox_id)
            self.boxes[mailbox_id].unseen += sum((one.before & _SEEN) - (one.flags & _SEEN) for one in changed)
            labelled = summary.labelled((one.labels, one.keywords) for one in changed if one.labels != one.keywords)
            shown = (
                one.thread_id
                for one in changed
                if (one.before ^ one.flags) & summary.SHOWN
                or (labelled and (tuple(one.labels or ()), tuple(one.keywords or ())) in labelled)
            )
            self._note(mailbox_id, (one.uid for one in changed), shown)
        return changed

    def remove(self, mailbox_id: int, uids: Uids, *, only: int = 0) -> list[Held]:
        """Expunge entries, those that have all flags of `only`; which were there, by UID."""
        gone = entrysets.read(mailbox_id, uids, only=only)
        if gone:
            modseq, until = self.modseq(mailbox_id), timezone.now() + VANISHED_FOR
            entrysets.remove(mailbox_id, [one.uid for one in gone], modseq=modseq, until=until)
            self._removed = True
            self._count(mailbox_id, gone, -1)
            self._note(mailbox_id, (one.uid for one in gone), (one.thread_id for one in gone))
        return gone

    def copy(self, mailbox_id: int, uids: Uids, target_id: int) -> list[tuple[Held, int]]:
        """Put entries into another mailbox too, without \\Deleted; each with its UID there, in order."""
        held = entrysets.read(mailbox_id, uids)
        if not held:
            return []
        box, modseq = self.boxes[target_id], self.modseq(target_id)
        first, now = box.uidnext, timezone.now()
        placed = {"target": target_id, "uidnext": first, "modseq": modseq, "now": now}
        entrysets.copy(mailbox_id, [one.uid for one in held], without=_DELETED, **placed)
        box.uidnext += len(held)
        self._count(target_id, held, 1)
        self._note(target_id, range(first, box.uidnext), (one.thread_id for one in held))
        return list(zip(held, range(first, box.uidnext), strict=True))

    def _coming(self, mailbox_id: int) -> int:
        """The modseq of this transaction in a mailbox, if it changes it."""
        return self.boxes[mailbox_id].highestmodseq + (mailbox_id not in self._changed)

    def _count(self, mailbox_id: int, entries: Sequence[Held], sign: int) -> None:
        box = self.boxes[mailbox_id]
        box.total += sign * len(entries)
        box.unseen += sign * sum(not one.flags & _SEEN for one in entries)
        box.size += sign * sum(one.size for one in entries)

    def _note(self, mailbox_id: int, uids: Iterable[int], thread_ids: Iterable[int]) -> None:
        self._changed[mailbox_id].update(uids)
        self._threads.update(thread_ids)

    def finish(self) -> None:
        """Write counters, changes and conversation lines. `writing` calls it at the end of its block."""
        touched = [self.boxes[mailbox_id] for mailbox_id in sorted(self._changed)]
        if not touched:
            return
        counted = [(box.id, box.uidnext, box.highestmodseq, box.total, box.unseen, box.size) for box in touched]
        with connection.cursor() as cursor:
            cursor.execute(COUNTERS, [list(column) for column in zip(*counted, strict=True)])
        summary.refresh(self._threads, removed=self._removed)
        now = timezone.now()
        rows.copy(CHANGE, ((box.id, box.highestmodseq, to_ranges(self._changed[box.id]), now) for box in touched))
        modseqs: dict[int, dict[int, int]] = defaultdict(dict)
        for box in touched:
            modseqs[box.account_id][box.id] = box.highestmodseq
        bell.ring_all_on_commit(modseqs)
