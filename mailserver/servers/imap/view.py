"""What one session believes of its selected mailbox: which UID has which number, and how far it has been told.

RFC 9051 §5.2, §7.5.1: numbers may only shift when the client hears of it, and EXPUNGE may not be said while a command
by number runs. So messages that are gone keep their place until they may be told (`held`).
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from mailserver.mail.numbersets import STAR, Runs, merged, resolved, runs_of
from mailserver.services.flags import EntryFlags
from mailserver.services.selection import Delta, Opened

# From so many on it is quicker to go through the whole mailbox than to look for each.
_MANY = 1000


@dataclass(frozen=True, slots=True)
class News:
    """What is to be told, in this order. `expunged`: (number, UID), the highest first. `exists` None: as before.

    `fresh`: the UIDs among `changed` of messages that are new.
    """

    expunged: Sequence[tuple[int, int]] = ()
    exists: int | None = None
    changed: Sequence[EntryFlags] = ()
    fresh: Sequence[int] = ()


@dataclass(slots=True)
class View:
    """`modseq`: all changes up to it were taken in. `recents`: the UIDs that are \\Recent here.

    `uids` may be shared with other sessions, so the array is replaced and never changed.
    """

    mailbox_id: int
    path: str
    uidvalidity: int
    modseq: int
    recents: Runs
    read_only: bool
    uids: array[int]
    held: set[int] = field(default_factory=set)
    # What this session itself changed and was told of at once.
    own: set[int] = field(default_factory=set)
    keywords: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, opened: Opened, *, read_only: bool) -> View:
        return cls(
            mailbox_id=opened.mailbox_id,
            path=opened.path,
            uidvalidity=opened.uidvalidity,
            modseq=opened.highestmodseq,
            # Who only looks takes them from nobody, and those that come meanwhile are recent too.
            recents=_run(opened.first_recent, STAR if read_only else opened.uidnext),
            read_only=read_only,
            uids=opened.uids,
            keywords=set(opened.keywords),
        )

    @property
    def exists(self) -> int:
        return len(self.uids)

    @property
    def recent(self) -> int:
        return sum(bisect_right(self.uids, high) - bisect_left(self.uids, low) for low, high in self.recents)

    def take_recent(self, first: int, uidnext: int) -> None:
        """The messages from `first` on that this session alone was told of."""
        self.recents = merged([*self.recents, *_run(first, uidnext)])

    def number(self, uid: int) -> int:
        """The number of a UID, 0 when it has none."""
        at = bisect_left(self.uids, uid)
        return at + 1 if at < len(self.uids) and self.uids[at] == uid else 0

    def known(self, uids: Sequence[int]) -> list[int]:
        """Those of the UIDs (ascending), which the folder has, that have a number."""
        if len(uids) < _MANY:
            return [uid for uid in uids if self.number(uid)]
        # UIDs only grow: what the view does not know yet came behind all that it knows.
        return list(uids[: bisect_right(uids, self.uids[-1])]) if self.uids else []

    def each_number(self, uids: Sequence[int]) -> Sequence[int]:
        """The number of each of these UIDs, 0 where it has none."""
        if len(uids) < _MANY:
            return [self.number(uid) for uid in uids]
        numbers = dict(zip(self.uids, range(1, len(self.uids) + 1), strict=True))
        return [numbers.get(uid, 0) for uid in uids]

    def of_uids(self, runs: Runs) -> list[int]:
        """The UIDs that exist here, of a set that may hold `*`."""
        uids = self.uids
        found: list[int] = []
        for low, high in resolved(runs, uids[-1] if uids else 0):
            found += uids[bisect_left(uids, low) : bisect_right(uids, high)]
        return found

    def of_numbers(self, runs: Runs) -> list[int] | None:
        """The UIDs of a set of numbers; None when there is no such number (RFC 9051 §7.1: BAD)."""
        found: list[int] = []
        for low, high in resolved(runs, len(self.uids)):
            if low < 1 or high > len(self.uids):
                return None
            found += self.uids[low - 1 : high]
        return found

    def numbers(self, uids: Sequence[int]) -> Runs:
        """The numbers of UIDs as a set."""
        return runs_of(number for uid in uids if (number := self.number(uid)))

    def changed_here(self, modseq: int) -> None:
        """The session itself changed messages and was told of them at once."""
        if modseq == self.modseq + 1:
            # Nobody else did anything in between: every change has a modseq of its own.
            self.modseq = modseq
        elif modseq > self.modseq:
            self.own.add(modseq)

    def absorb(self, delta: Delta, *, expunges: bool) -> News:
        """Take in what changed; `expunges`: those may be told now."""
        before = len(self.uids)
        changed: list[EntryFlags] = []
        fresh: list[int] = []
        if delta.highestmodseq >= self.modseq:
            self._note_vanished(delta.vanished)
            changed, fresh = self._note_changed(delta.changed)
            self.modseq = max(self.modseq, delta.highestmodseq)
            self.own = {modseq for modseq in self.own if modseq > self.modseq}
        grown = len(self.uids) > before
        expunged = self._expunged() if expunges else []
        return News(expunged, len(self.uids) if grown else None, changed, fresh)

    def _note_vanished(self, vanished: Runs) -> None:
        for low, high in vanished:
            self.held.update(self.uids[bisect_left(self.uids, low) : bisect_right(self.uids, high)])

    def _note_changed(self, changed: Sequence[EntryFlags]) -> tuple[list[EntryFlags], list[int]]:
        last = self.uids[-1] if self.uids else 0
        told: list[EntryFlags] = []
        fresh: list[int] = []
        for entry in sorted(changed, key=lambda entry: entry.uid):
            if entry.modseq <= self.modseq:
                continue
            if entry.uid > last:
                fresh.append(entry.uid)
                told.append(entry)
            elif entry.modseq not in self.own and self.number(entry.uid):
                told.append(entry)
        if fresh:
            self.uids = became(self.uids, fresh)
        return told, fresh

    def _expunged(self) -> list[tuple[int, int]]:
        """Give up the places of those that are gone."""
        gone = [(self.number(uid), uid) for uid in sorted(self.held, reverse=True)]
        self.held.clear()
        if gone:
            self.uids = became(self.uids, lost=[number for number, _ in gone])
        return gone


def _run(first: int, end: int) -> Runs:
    return ((first, end - 1),) if first < end else ()


# What arrays became, for the sessions that hear the same of the same folder one after the other.
_lately: deque[tuple[array[int], list[int], list[int], array[int]]] = deque(maxlen=8)


def became(uids: array[int], fresh: Sequence[int] = (), lost: Sequence[int] = ()) -> array[int]:
    """The UIDs with those that came and without the numbers that went (the highest first), in an array of their own."""
    for before, came, went, after in _lately:
        if before is uids and came == list(fresh) and went == list(lost):
            return after
    if len(lost) > 1000:
        numbers = set(lost)
        made = array("I", (uid for number, uid in enumerate(uids, 1) if number not in numbers))
    else:
        made = uids[:]
        for number in lost:
            del made[number - 1]
    made.extend(fresh)
    _lately.append((uids, list(fresh), list(lost), made))
    return made
