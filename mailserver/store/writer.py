"""Every change of a mailbox's entries but flags (marking.py), and the only place that hands out UIDs.

A `MailboxWriter` locks the mailbox rows in id order and keeps them for the transaction, so commit order is UID order
and MODSEQ order. (A sequence is wrong here: numbers would become visible out of order.) At the end it writes
counters, one Change row per mailbox, the conversation lines, and rings the bell on commit. Lock order: mailboxes,
entries, threads, conversation lines.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import starmap
from operator import attrgetter
from typing import Final

from django.db import transaction
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.store import bell, entrysets, rows, summary
from mailserver.store.box import COLUMNS, Box
from mailserver.store.entrysets import Held, Uids
from mailserver.store.exchange import KEEP_PLANS, Asked, Exchange, array
from mailserver.store.fields import to_ranges
from mailserver.store.models.mailbox import Flag
from mailserver.store.newentry import NewEntry

# Adds what else is to be known once the mailboxes are held.
Also = Callable[[Exchange], None]

# Plain numbers: with 100,000 entries, enums take ten times as long.
_SEEN: Final = int(Flag.SEEN)
_DELETED: Final = int(Flag.DELETED)

VANISHED_FOR = timedelta(hours=24)

# By hand: Django's bulk_update builds a CASE per column and took a sixth of a delivery.
COUNTERS = """
WITH changed AS (
UPDATE mailbox b SET uidnext = n.uidnext, first_recent_uid = n.recent, highestmodseq = n.modseq, total = n.total,
                     unseen = n.unseen, size = n.size
FROM unnest($1::bigint[], $2::int[], $3::int[], $4::bigint[], $5::int[], $6::int[], $7::bigint[], $8::text[])
    AS n(id, uidnext, recent, modseq, total, unseen, size, uids)
WHERE b.id = n.id RETURNING b.id, b.highestmodseq, n.uids
) INSERT INTO change (mailbox_id, modseq, uids, at)
SELECT id, highestmodseq, uids::int4multirange, $9::timestamptz FROM changed
"""

_COUNTED = ("id", "uidnext", "first_recent_uid", "highestmodseq", "total", "unseen", "size")
LOCK = f"SELECT {', '.join(COLUMNS)} FROM mailbox WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"  # noqa: S608
# + 0: found by the id alone.
_OF_ACCOUNT = f"SELECT {', '.join(COLUMNS)} FROM mailbox WHERE"  # noqa: S608
LOCK_OWN = f"{_OF_ACCOUNT} account_id + 0 = $1::bigint AND id = $2::bigint FOR NO KEY UPDATE"
LOCK_AT = f"{_OF_ACCOUNT} account_id = $1::bigint AND path = $2 FOR NO KEY UPDATE"
LOCK_FOR = f"""
SELECT {", ".join(COLUMNS)} FROM mailbox
WHERE account_id = ANY($1::bigint[]) AND special_use = 'inbox'
OR account_id = ANY($2::bigint[]) AND special_use = 'junk'
ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608

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


@contextmanager
def writing(mailbox_ids: Iterable[int], also: Also | None = None) -> Iterator[MailboxWriter]:
    """A transaction that holds these mailboxes; `also` is asked along. Raises NotFound if one does not exist."""
    ids = sorted(set(mailbox_ids))
    with transaction.atomic():
        exchange = Exchange()
        writer = _held(exchange, lock(exchange, ids), len(ids), also)
        yield writer
        writer.finish()


@contextmanager
def writing_in(account_id: int, place: int | str, also: Also | None = None) -> Iterator[MailboxWriter]:
    """The same for one mailbox of an account, by its id or path."""
    with transaction.atomic():
        exchange = Exchange()
        exchange.add(KEEP_PLANS)
        locked = exchange.add(LOCK_AT if isinstance(place, str) else LOCK_OWN, [account_id, place])
        writer = _held(exchange, locked, 1, also)
        yield writer
        writer.finish()


def _held(exchange: Exchange, locked: Asked, count: int, also: Also | None) -> MailboxWriter:
    if also:
        also(exchange)
    exchange.send()
    if len(locked.rows) != count:
        raise NotFound("There is no such folder.")
    return MailboxWriter(locked)


def lock(exchange: Exchange, mailbox_ids: Collection[int]) -> Asked:
    """Ask for these mailboxes and hold them, in id order, for the transaction; the answer is for a `MailboxWriter`."""
    exchange.add(KEEP_PLANS)
    return exchange.add(LOCK, [array(mailbox_ids)])


def lock_for(exchange: Exchange, inboxes: Collection[int], junk: Collection[int]) -> Asked:
    """The same for the Inboxes and the folders for spam of accounts."""
    exchange.add(KEEP_PLANS)
    return exchange.add(LOCK_FOR, [array(inboxes), array(junk)])


class MailboxWriter:
    """Changes mailboxes that were locked in this transaction.

    What it adds is only noted in `later`, for `finish` or `flush` to send.
    """

    def __init__(self, locked: Asked) -> None:
        self.boxes = {box.id: box for box in starmap(Box, locked.rows)}
        self.later = Exchange()
        self._changed: dict[int, set[int]] = defaultdict(set)
        self._threads: set[int] = set()
        self._begun: list[tuple[int, NewEntry]] = []
        self._removed = False

    def flush(self) -> None:
        """Write what was noted, for what comes next to see it."""
        self.later.send()

    def modseq(self, mailbox_id: int) -> int:
        """The modseq of this transaction in a mailbox: one for all it changes."""
        box = self.boxes[mailbox_id]
        if mailbox_id not in self._changed:
            box.highestmodseq += 1
            self._changed[mailbox_id] = set()
        return box.highestmodseq

    def claim(self, mailbox_id: int) -> int:
        """Make the messages of a mailbox that this transaction changes recent for the caller alone; the first UID."""
        box = self.boxes[mailbox_id]
        first, box.first_recent_uid = box.first_recent_uid, box.uidnext
        return first

    def add(self, mailbox_id: int, entries: Sequence[NewEntry]) -> list[int]:
        """Put messages into a mailbox; their UIDs, in the order given."""
        return self.add_all([(mailbox_id, entry) for entry in entries])

    def add_all(self, entries: Sequence[tuple[int, NewEntry]]) -> list[int]:
        """Put messages into mailboxes, as (mailbox id, entry); their UIDs, in the order given."""
        now = timezone.now()
        placed = [(mailbox_id, self._take_in(mailbox_id, entry), entry) for mailbox_id, entry in entries]
        rows.insert(self.later, ENTRY, (self._row(*place, now) for place in placed))
        self._begun += [(mailbox_id, entry) for mailbox_id, _, entry in placed if entry.shown]
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

    def remove(self, mailbox_id: int, uids: Uids, *, only: int = 0) -> list[Held]:
        """Expunge entries, those that have all flags of `only`; which were there, by UID."""
        self.flush()
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
        self.flush()
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

    def _count(self, mailbox_id: int, entries: Sequence[Held], sign: int) -> None:
        box = self.boxes[mailbox_id]
        box.total += sign * len(entries)
        box.unseen += sign * sum(not one.flags & _SEEN for one in entries)
        box.size += sign * sum(one.size for one in entries)

    def _note(self, mailbox_id: int, uids: Iterable[int], thread_ids: Iterable[int]) -> None:
        self._changed[mailbox_id].update(uids)
        self._threads.update(thread_ids)

    def finish(self, then: Exchange | None = None) -> None:
        """Write counters, changes and conversation lines. `writing` calls it at the end of its block.

        `then` goes along after COMMIT, if that ends the transaction (`Exchange.send`).
        """
        touched = [self.boxes[mailbox_id] for mailbox_id in sorted(self._changed)]
        if touched:
            counted = zip(*map(attrgetter(*_COUNTED), touched), strict=True)
            uids = (str(to_ranges(self._changed[box.id])) for box in touched)
            values = [*map(array, counted), array(uids), timezone.now().isoformat()]
            self.later.add(COUNTERS, values)
            self._draw_lines()
        self.later.send(last=True, then=then)
        modseqs: dict[int, dict[int, int]] = defaultdict(dict)
        for box in touched:
            modseqs[box.account_id][box.id] = box.highestmodseq
        if modseqs:
            bell.ring_all_on_commit(modseqs)

    def _draw_lines(self) -> None:
        """A conversation that begins here and has one message needs no look at the tables."""
        times = Counter(entry.thread_id for _, entry in self._begun)
        alone = [(box, entry) for box, entry in self._begun if times[entry.thread_id] == 1 and not self._removed]
        lines = (
            summary.begun(self.boxes[box].account_id, box, entry, entry.shown) for box, entry in alone if entry.shown
        )
        summary.refresh(self.later, self._threads - {entry.thread_id for _, entry in alone}, removed=self._removed)
        rows.insert(self.later, summary.LINE, lines)
