"""What many messages of a folder have in common, column by column: flags, dates and sizes of 100,000 of them at once.

The columns come packed, in a row for each combination of keywords, of which a folder has few: a row for each message
took ten times as long to read.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from operator import lt
from typing import Any, Final

from mailserver.mail.numbersets import runs_of
from mailserver.services import mailboxes
from mailserver.services.flags import EntryFlags, keywords_of
from mailserver.store import walks
from mailserver.store.exchange import Rows
from mailserver.store.exchange import array as array_of
from mailserver.store.packed import CODES, unpacked

# Field → the column, packed, and the type of its numbers.
_PACKED: Final = {
    "uid": ("int4send(e.uid)", "int4"),
    "flags": ("int2send(e.flags)", "int2"),
    "modseq": ("int8send(e.modseq)", "int8"),
    "at": ("timestamptz_send(e.at)", "int8"),
    "size": ("int4send(m.size)", "int4"),
}
FIELDS: Final = frozenset(_PACKED)
# What PostgreSQL counts from, in seconds of Unix.
EPOCH: Final = 946_684_800

# $1 mailbox, $2 account, $3 first and $4 last of each run of UIDs. The size is in the index of the account's headers.
_STATEMENT: Final = """
SELECT {keywords}, {columns} FROM (
    SELECT x.* FROM unnest($3::int[], $4::int[]) AS r(low, high), LATERAL (
        SELECT x.uid, x.message_id, x.flags, x.keywords, x.modseq, x.at FROM mailboxmessage x
        WHERE x.mailbox_id = $1::bigint AND x.uid BETWEEN r.low AND r.high AND x.account_id = $2::bigint
        ORDER BY x.uid OFFSET 0) x) e {join} GROUP BY 1
"""
_JOIN: Final = """
CROSS JOIN LATERAL (SELECT y.size FROM message y WHERE y.account_id = $2::bigint AND y.id = e.message_id OFFSET 0) m
"""


@dataclass(frozen=True, slots=True)
class Columns:
    """Arrays by field, in UID order; `at` in microseconds from EPOCH on. `keywords` by name, one for each message.

    Where flags come of a picture (services/flagpicture.py) there is a field `code` in place of both: places in `kinds`.
    """

    fields: dict[str, Any]
    keywords: Sequence[tuple[str, ...]]
    kinds: Sequence[tuple[int, tuple[str, ...]]] = ()

    @property
    def uids(self) -> array[int]:
        found: array[int] = self.fields["uid"]
        return found

    def part(self, start: int, end: int) -> Columns:
        """A slice of all."""
        fields = {name: values[start:end] for name, values in self.fields.items()}
        return Columns(fields, self.keywords[start:end], self.kinds)


def columns(account_id: int, mailbox_id: int, uids: Sequence[int], fields: Collection[str]) -> Columns:
    """Of the messages with these UIDs (ascending) that are there. Raises NotFound."""
    wanted = ["uid", *(field for field in _PACKED if field in fields and field != "uid")]
    rows = _rows(account_id, mailbox_id, uids, wanted) if uids else []
    names, kinds = keywords_of(account_id), [_PACKED[field][1] for field in wanted]
    groups = [
        (names.of(ids) if ids else (), [unpacked(kind, packed) for kind, packed in zip(kinds, row, strict=True)])
        for ids, *row in rows
    ]
    found = _merged(wanted, groups)
    if len(found.uids) < len(uids):
        mailboxes.get(account_id, mailbox_id)
    return found


def of_entries(entries: Sequence[EntryFlags]) -> Columns:
    """Flags and modseqs that are known already, as columns."""
    fields = {
        "uid": array("i", [one.uid for one in entries]),
        "flags": array("h", [one.flags for one in entries]),
        "modseq": array("q", [one.modseq for one in entries]),
    }
    return Columns(fields, [one.keywords for one in entries])


def _merged(wanted: Sequence[str], groups: Sequence[tuple[tuple[str, ...], list[array[int]]]]) -> Columns:
    """The groups as one, in UID order."""
    if len(groups) == 1 and all(map(lt, groups[0][1][0], groups[0][1][0][1:])):
        names, arrays = groups[0]
        return Columns(dict(zip(wanted, arrays, strict=True)), [names] * len(arrays[0]))
    fields = {name: array(CODES[_PACKED[name][1]]) for name in wanted}
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


def _rows(account_id: int, mailbox_id: int, uids: Sequence[int], wanted: Sequence[str]) -> Rows:
    statement = (
        _STATEMENT.replace("{columns}", ", ".join(f"string_agg({_PACKED[name][0]}, '')" for name in wanted))
        .replace("{keywords}", "e.keywords" if "flags" in wanted else "NULL::int[]")
        .replace("{join}", _JOIN if "size" in wanted else "")
    )
    among = runs_of(uids)
    runs = array_of(low for low, _ in among), array_of(high for _, high in among)
    return walks.ask(statement, [mailbox_id, account_id, *runs])
