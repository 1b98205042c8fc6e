"""What many messages of a folder have in common, column by column: flags, dates and sizes of 100,000 of them at once.

The columns come packed, in a row for each combination of keywords, of which a folder has few: a row for each message
took ten times as long to read.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import lt
from typing import Any, Final

import psycopg
from django.db import connection

from mailserver.services import mailboxes
from mailserver.services.flags import keywords_of

# Field → the column, packed, and what it is an array of.
_PACKED: Final = {
    "uid": ("int4send(e.uid)", "i"),
    "flags": ("int2send(e.flags)", "h"),
    "modseq": ("int8send(e.modseq)", "q"),
    "at": ("timestamptz_send(e.at)", "q"),
    "size": ("int4send(m.size)", "i"),
}
FIELDS: Final = frozenset(_PACKED)
# What PostgreSQL counts from, in seconds of Unix.
EPOCH: Final = 946_684_800

_STATEMENT = """
SELECT {keywords}, {columns} FROM (
    SELECT e.* FROM mailboxmessage e
    WHERE e.mailbox_id = %(box)s AND e.account_id = %(account)s AND {these} ORDER BY e.uid) e {join} GROUP BY 1
"""
_LISTED = "e.uid = ANY(%(uids)s)"
_BETWEEN = "e.uid BETWEEN %(first)s AND %(last)s"


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays by field, in UID order; `at` in microseconds from EPOCH on. `keywords` by name, one for each message."""

    fields: dict[str, Any]
    keywords: Sequence[tuple[str, ...]]

    @property
    def uids(self) -> array[int]:
        found: array[int] = self.fields["uid"]
        return found

    def part(self, start: int, end: int) -> Columns:
        """A slice of all."""
        return Columns({name: values[start:end] for name, values in self.fields.items()}, self.keywords[start:end])


def columns(account_id: int, mailbox_id: int, uids: Sequence[int], fields: Collection[str]) -> Columns:
    """Of the messages with these UIDs (ascending) that are there. Raises NotFound."""
    wanted = ["uid", *(field for field in _PACKED if field in fields and field != "uid")]
    rows = _rows(account_id, mailbox_id, uids, wanted) if uids else []
    names = keywords_of(account_id)
    groups = [
        (names.of(ids) if ids else (), [_unpacked(name, packed) for name, packed in zip(wanted, row, strict=True)])
        for ids, *row in rows
    ]
    found = _merged(wanted, groups)
    if len(found.uids) < len(uids):
        mailboxes.get(account_id, mailbox_id)
    return found


def _unpacked(name: str, packed: bytes) -> array[int]:
    found = array(_PACKED[name][1], packed)
    if sys.byteorder == "little":
        found.byteswap()
    return found


def _merged(wanted: Sequence[str], groups: Sequence[tuple[tuple[str, ...], list[array[int]]]]) -> Columns:
    """The groups as one, in UID order."""
    if len(groups) == 1 and all(map(lt, groups[0][1][0], groups[0][1][0][1:])):
        names, arrays = groups[0]
        return Columns(dict(zip(wanted, arrays, strict=True)), [names] * len(arrays[0]))
    fields = {name: array(_PACKED[name][1]) for name in wanted}
    keywords: list[tuple[str, ...]] = []
    for names, arrays in groups:
        keywords += [names] * len(arrays[0])
        for name, values in zip(wanted, arrays, strict=True):
            fields[name].extend(values)
    uids = fields["uid"].tolist()
    order = sorted(range(len(uids)), key=uids.__getitem__)
    if order != list(range(len(uids))):
        fields = {name: array(values.typecode, map(values.__getitem__, order)) for name, values in fields.items()}
        keywords = [keywords[at] for at in order]
    return Columns(fields, keywords)


def _rows(account_id: int, mailbox_id: int, uids: Sequence[int], wanted: Sequence[str]) -> list[tuple[Any, ...]]:
    run = uids[-1] - uids[0] == len(uids) - 1
    statement = (
        _STATEMENT.replace("{columns}", ", ".join(f"string_agg({_PACKED[name][0]}, '')" for name in wanted))
        .replace("{keywords}", "e.keywords" if "flags" in wanted else "NULL::int[]")
        .replace("{join}", "JOIN message m ON m.id = e.message_id" if "size" in wanted else "")
        .replace("{these}", _BETWEEN if run else _LISTED)
    )
    values: dict[str, Any] = {"box": mailbox_id, "account": account_id}
    values |= {"first": uids[0], "last": uids[-1]} if run else {"uids": list(uids)}
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(statement, values, binary=True)
        return cursor.fetchall()
