"""What of an IMAP search is a condition of SQL, and how the messages of one folder are asked for by one."""

from __future__ import annotations

import time
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from mailserver.errors import SearchTooSlow
from mailserver.mail import objectids
from mailserver.mail.numbersets import Runs
from mailserver.mail.searchkeys import (
    Age,
    All,
    And,
    Comparison,
    Dated,
    EmailId,
    HasFlag,
    Key,
    ModSeq,
    Not,
    Or,
    Recent,
    SaveDateSupported,
    Size,
    ThreadId,
    Uids,
)
from mailserver.services.flags import BITS
from mailserver.store.models import Label
from mailserver.store.packed import unpacked as packed_numbers

# Seconds of one search, and of one statement of it.
SECONDS = 10
# Rows whose columns are read at once.
CHUNK = 500
# The end of a range is the number behind its last one, which has to be a number of the column too.
_MAX_UID, _MAX_SIZE, _MAX_MODSEQ = 2**31 - 2, 2**31 - 1, 2**63 - 1
_DAY = timedelta(days=1)
_FIRST, _LAST = datetime(1, 1, 2, tzinfo=UTC), datetime(9999, 12, 30, tzinfo=UTC)

_FROM = "FROM mailboxmessage e JOIN message m ON m.id = e.message_id AND m.account_id = e.account_id "
_FROM_ENTRIES = "FROM mailboxmessage e "
# Binary and in one value: 100,000 rows of a number each would take eight times as long.
_UIDS = "SELECT string_agg(int4send(e.uid), ''::bytea) "
_HALVES = (
    "SELECT string_agg(int4send(e.uid), ''::bytea) FILTER (WHERE {sure}),"
    " string_agg(int4send(e.uid), ''::bytea) FILTER (WHERE NOT {sure}) "
)
_NESTED = "SELECT set_config('enable_nestloop', %s, true)"


@dataclass(frozen=True, slots=True)
class Where:
    """A condition over `mailboxmessage e` and, when `joined`, `message m`. It is never NULL."""

    sql: str
    values: tuple[Any, ...] = ()
    joined: bool = False

    def __and__(self, other: Where) -> Where:
        return combined(" AND ", (self, other))


EVERY, NONE = Where("true"), Where("false")
_CHOSEN = Where("e.uid = ANY(%s)", joined=True)


def combined(operator: str, parts: Sequence[Where]) -> Where:
    return Where(
        "(" + operator.join(part.sql for part in parts) + ")",
        tuple(value for part in parts for value in part.values),
        any(part.joined for part in parts),
    )


@dataclass(slots=True)
class Folder:
    """The messages of one folder, for the time of one search. Its methods raise SearchTooSlow."""

    account_id: int
    mailbox_id: int
    total: int
    recent: Runs = ()
    now: datetime = field(default_factory=timezone.now)
    until: float = field(default_factory=lambda: time.monotonic() + SECONDS)

    def uids(self, where: Where, *, hashed: bool = False) -> set[int]:
        """The UIDs of the messages it holds for. `hashed`: the folder is read as a whole, whatever the planner thinks
        of the condition: it expects two messages where a piece of text is in all of them."""
        return unpacked(self._one(_UIDS, (), where, hashed=hashed)[0])

    def ordered(self, where: Where) -> list[int]:
        """The same, ascending: without a set in between when nothing else is done with them."""
        return sorted(_numbers(self._one(_UIDS, (), where, hashed=False)[0]))

    def halves(self, where: Where, sure: Where) -> tuple[set[int], set[int]]:
        """The messages `where` holds for, as those for which `sure` does too and the rest, in one go."""
        packed = self._one(_HALVES.replace("{sure}", sure.sql), sure.values * 2, where, hashed=True)
        return unpacked(packed[0]), unpacked(packed[1])

    def _one(self, select: str, values: tuple[Any, ...], where: Where, *, hashed: bool) -> tuple[Any, ...]:
        self.check_time()
        with connection.cursor() as cursor:
            if hashed:
                cursor.execute(_NESTED, ["off"])
            cursor.execute(select + self._rest(where), [*values, *self._values(where)])
            found: tuple[Any, ...] = cursor.fetchone()
            if hashed:
                cursor.execute(_NESTED, ["on"])
        return found

    def rows(self, where: Where, columns: str) -> Iterator[tuple[Any, ...]]:
        """The UID and these columns of each message it holds for."""
        return self.rows_of(self.uids(where), columns)

    def rows_of(self, wanted: Iterable[int], columns: str) -> Iterator[tuple[Any, ...]]:
        """The same of the messages with these UIDs."""
        uids = sorted(wanted)
        statement = f"SELECT e.uid, {columns} {self._rest(_CHOSEN)}"
        for start in range(0, len(uids), CHUNK):
            self.check_time()
            with connection.cursor() as cursor:
                cursor.execute(statement, self._values(Where(_CHOSEN.sql, (uids[start : start + CHUNK],))))
                found = cursor.fetchall()
            for row in found:
                self.check_time()
                yield row

    def check_time(self) -> None:
        if time.monotonic() > self.until:
            raise SearchTooSlow("This search takes too long.")

    def _rest(self, where: Where) -> str:
        tables = _FROM if where.joined else _FROM_ENTRIES
        return f"{tables} WHERE e.mailbox_id = %s AND e.account_id = %s AND {where.sql}"

    def _values(self, where: Where) -> list[Any]:
        return [self.mailbox_id, self.account_id, *where.values]


def unpacked(packed: bytes | memoryview | None) -> set[int]:
    """The numbers of `string_agg(int4send(…))`."""
    return set(_numbers(packed))


def _numbers(packed: bytes | memoryview | None) -> array[int]:
    return packed_numbers("int4", bytes(packed or b""))


def where(folder: Folder, key: Key) -> Where | None:
    """The key as a condition; None when something of it is no matter of SQL."""
    match key:
        case Not(inner):
            part = where(folder, inner)
            return part and Where(f"NOT {part.sql}", part.values, part.joined)
        case Or(one, other):
            return _all_of(folder, " OR ", (one, other))
        case And(keys):
            return _all_of(folder, " AND ", keys) if keys else EVERY
        case HasFlag(name, on):
            return _flag(folder.account_id, name, on)
        case Dated(which, comparison, day) if which != "sent":
            return _dated("e.at" if which == "internal" else "e.saved_at", comparison, day)
    return _plain(folder, key)


def _plain(folder: Folder, key: Key) -> Where | None:
    match key:
        case All() | SaveDateSupported():
            return EVERY
        case Uids(runs):
            return within(runs)
        case Recent(on):
            recent = within(folder.recent)
            return recent if on else Where(f"NOT ({recent.sql})", recent.values)
        case Size(octets, above):
            return Where(f"m.size {'>' if above else '<'} %s", (min(octets, _MAX_SIZE),), joined=True)
        case Age(seconds, younger):
            since = folder.now - timedelta(seconds=min(seconds, 2**32))
            return Where(f"e.at {'>=' if younger else '<'} %s", (since,))
        case ModSeq(at_least):
            return Where("e.modseq >= %s", (min(at_least, _MAX_MODSEQ),))
        case EmailId(value):
            return Where("e.message_id = %s", (objectids.message_number(value) or 0,))
        case ThreadId(value):
            return Where("e.thread_id = %s", (objectids.thread_number(value) or 0,))
    return None


def within(runs: Runs) -> Where:
    """The messages of a set of UIDs."""
    known = [(max(low, 1), min(high, _MAX_UID)) for low, high in runs if low <= _MAX_UID and high >= 1]
    if not known:
        return NONE
    bounds = Where("e.uid BETWEEN %s AND %s", (known[0][0], known[-1][1]))
    if len(known) == 1:
        return bounds
    # The largest UID as an end would make PostgreSQL count one further.
    written = "{" + ",".join(f"[{low},{high}]" if high < _MAX_UID else f"[{low},)" for low, high in known) + "}"
    return bounds & Where("e.uid <@ %s::int4multirange", (written,))


def edges(day: date) -> tuple[datetime, datetime]:
    """Where a day begins and ends in UTC; kept away from the ends of the calendar."""
    start = min(max(datetime(day.year, day.month, day.day, tzinfo=UTC), _FIRST), _LAST - _DAY)
    return start, start + _DAY


def _all_of(folder: Folder, operator: str, keys: Iterable[Key]) -> Where | None:
    parts = [where(folder, key) for key in keys]
    known = [part for part in parts if part is not None]
    return combined(operator, known) if len(known) == len(parts) else None


def _flag(account_id: int, name: str, on: bool) -> Where:
    bit = BITS.get(name.lower())
    if bit is not None:
        return Where(f"e.flags & %s {'<>' if on else '='} 0", (int(bit),))
    labels = list(Label.objects.filter(account_id=account_id, keyword__iexact=name).values_list("pk", flat=True))
    if not labels:
        return NONE if on else EVERY
    has = "COALESCE(e.keywords && %s::int[], false)"
    return Where(has if on else f"NOT {has}", (labels,))


def _dated(column: str, comparison: Comparison, day: date) -> Where:
    """Days of UTC, in which INTERNALDATE and SAVEDATE are told."""
    start, end = edges(day)
    match comparison:
        case "before":
            return Where(f"{column} < %s", (start,))
        case "since":
            return Where(f"{column} >= %s", (start,))
    return Where(f"({column} >= %s AND {column} < %s)", (start, end))
