"""Messages of a folder as a mail program fetches them: only the columns it needs, in UID order, in one statement."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import asdict
from datetime import datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, Final, NamedTuple

import psycopg
from django.db import connection

from mailserver.mail.numbersets import runs_of
from mailserver.services import mailboxes, reparse
from mailserver.services.flags import keywords_of, names_of
from mailserver.store import blobs, walks
from mailserver.store.exchange import Rows, array
from mailserver.store.models import MailboxMessage

# Typed as what it stands for: who asks for a column has it.
_ABSENT: Any = None
# Octets of `Entry.head`: all of most messages.
HEAD: Final = 64 * 1024


class Entry(NamedTuple):
    """A message of a folder; what was not asked for is None. `flags` are bits; `keywords` by name, None if it has none.

    `at` is the internal date, `saved_at` when it came into this folder. Its octets are `prefix` and the blob; `parts`
    is the JSON of `mail.structure.to_json`, with offsets into the blob, `head` the beginning of the blob. Those of an
    entry that was expunged are what is left: no flags.
    """

    uid: int
    flags: int = _ABSENT
    keywords: tuple[str, ...] = _ABSENT
    modseq: int = _ABSENT
    at: datetime = _ABSENT
    saved_at: datetime = _ABSENT
    size: int = _ABSENT
    message_id: int = _ABSENT
    thread_id: int = _ABSENT
    envelope: bytes = _ABSENT
    body: bytes = _ABSENT
    bodystructure: bytes = _ABSENT
    header_block: bytes = _ABSENT
    prefix: bytes = _ABSENT
    blob: int = _ABSENT
    head: bytes = _ABSENT
    preview: str = _ABSENT
    parts: Any = _ABSENT

    @property
    def names(self) -> tuple[str, ...]:
        """Flags and keywords as mail programs know them."""
        return names_of(self.flags or 0, self.keywords or ())


# Of the entry, and of its message: field → SQL. Fields in the order of `Entry`, so that the row is one as it is.
_OWN: Final[Mapping[str, str]] = {
    "flags": "e.flags",
    "keywords": "e.keywords",
    "modseq": "e.modseq",
    "at": "e.at",
    "saved_at": "e.saved_at",
    "message_id": "e.message_id",
    "thread_id": "e.thread_id",
}
_MESSAGE: Final[Mapping[str, str]] = {
    "size": "m.size",
    "envelope": "m.envelope",
    "body": "m.body",
    "bodystructure": "m.bodystructure",
    "header_block": "m.header_block",
    "prefix": "m.prefix",
    "blob": "m.blob_id",
    "head": f"(SELECT substr(b.raw, 1, {HEAD}) FROM blob b WHERE b.id = m.blob_id)",  # noqa: S608
    "preview": "m.preview",
    "parts": "m.parts",
}
# Columns that are asked for under one name.
_TOGETHER: Final[Mapping[str, frozenset[str]]] = {
    "flags": frozenset({"flags", "keywords"}),
    "ids": frozenset({"message_id", "thread_id"}),
}
_FORMS: Final = frozenset({"envelope", "body", "bodystructure"})
COLUMNS: Final = frozenset({*_OWN, *_MESSAGE, "ids"}) - {"keywords", "message_id", "thread_id"}

# $1 mailbox, $2 account, $3 first and $4 last of each run of UIDs.
_PRESENT = """
SELECT {columns} FROM unnest($3::int[], $4::int[]) AS r(low, high), LATERAL (
    SELECT {own} FROM mailboxmessage e
    WHERE e.mailbox_id = $1::bigint AND e.uid BETWEEN r.low AND r.high AND e.account_id = $2::bigint
    ORDER BY e.uid OFFSET 0) e {join}
"""
_JOIN = (
    "CROSS JOIN LATERAL (SELECT * FROM message y WHERE y.account_id = $2::bigint AND y.id = e.message_id OFFSET 0) m"
)
# Expunged ones keep their message for a day. They are few: the message is joined always.
_EXPUNGED = """
SELECT {columns} FROM (
    SELECT v.uid, 0 AS flags, NULL::int[] AS keywords, v.modseq, m.at, m.at AS saved_at, v.message_id, m.thread_id
    FROM vanished v JOIN message m ON m.id = v.message_id
    WHERE v.mailbox_id = %(box)s AND m.account_id = %(account)s AND v.uid = ANY(%(uids)s)) e
JOIN message m ON m.id = e.message_id ORDER BY e.uid
"""


def rows(
    account_id: int, mailbox_id: int, uids: Sequence[int], columns: Iterable[str], *, expunged: bool = False
) -> list[Entry]:
    """The entries with these UIDs (ascending) that are there, in UID order, with the `columns` (of COLUMNS).

    `expunged`: those that are gone too, as long as their message is kept. Raises NotFound.
    """
    wanted = set[str]().union(*(_TOGETHER.get(column, {column}) for column in columns))
    found = _present(account_id, mailbox_id, uids, frozenset(wanted)) if uids else []
    if len(found) < len(uids):
        mailboxes.get(account_id, mailbox_id)
        if expunged:
            left = sorted(set(uids).difference(row[0] for row in found))
            gone = _gone(wanted, {"box": mailbox_id, "account": account_id, "uids": left})
            found = sorted([*found, *gone], key=itemgetter(0))
    # As fast as a named tuple is made: with 100,000 of them the half of what fetching flags takes.
    new, rest = tuple.__new__, (None,) * (len(Entry._fields) - len(found[0])) if found else ()
    if "keywords" not in wanted:
        entries = [new(Entry, row + rest) for row in found]
    else:
        names = keywords_of(account_id).of
        entries = [
            new(Entry, (row if row[2] is None else (row[0], row[1], names(row[2]), *row[3:])) + rest) for row in found
        ]
    return _with_forms(mailbox_id, entries, wanted) if wanted & _FORMS else entries


def _with_forms(mailbox_id: int, entries: list[Entry], wanted: set[str]) -> list[Entry]:
    """Messages of before there were forms get them here, until they are read again (`reparse`)."""
    places = [Entry._fields.index(name) for name in wanted & _FORMS]
    bare = {entry.uid for place in places for entry in entries if entry[place] is None}
    if not bare:
        return entries
    held = MailboxMessage.objects.filter(mailbox_id=mailbox_id, uid__in=bare).select_related("message")
    made = {one.uid: reparse.forms_of(one.message) for one in held}
    return [entry._replace(**asdict(made[entry.uid])) if entry.uid in made else entry for entry in entries]


def _present(account_id: int, mailbox_id: int, uids: Sequence[int], wanted: frozenset[str]) -> Rows:
    """By UID."""
    among = runs_of(uids)
    runs = array(low for low, _ in among), array(high for _, high in among)
    return walks.ask(_present_statement(wanted), [mailbox_id, account_id, *runs])


def octets(blob_id: int, prefix: bytes, start: int, length: int | None) -> bytes:
    """A slice of a whole message, which is `prefix` and the blob; `length` None is all that follows. Raises NotFound.

    For an `Entry` the caller was given: blobs have no owner of their own.
    """
    head = prefix[start:] if length is None else prefix[start : start + length]
    if length is not None and len(head) == length:
        return head
    left = None if length is None else length - len(head)
    return head + blobs.read_slice(blob_id, max(0, start - len(prefix)), left)


@lru_cache(maxsize=256)
def _present_statement(wanted: frozenset[str]) -> str:
    own = ["e.uid", *(column for field, column in _OWN.items() if field in wanted)]
    if wanted & _MESSAGE.keys() and "message_id" not in wanted:
        own.append("e.message_id")
    return _statement(_PRESENT, wanted, _JOIN).replace("{own}", ", ".join(own))


def _statement(statement: str, wanted: Set[str], joined: str) -> str:
    """Columns up to the last that is wanted, NULL for those between that are not."""
    known = {**_OWN, **_MESSAGE}
    fields = Entry._fields[1:]
    last = max((fields.index(field) for field in wanted), default=-1)
    columns = [known[field] if field in wanted else "NULL" for field in fields[: last + 1]]
    join = joined if wanted & _MESSAGE.keys() else ""
    return statement.replace("{columns}", ", ".join(["e.uid", *columns])).replace("{join}", join)


def _gone(wanted: Set[str], values: dict[str, Any]) -> list[tuple[Any, ...]]:
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        cursor.execute(_statement(_EXPUNGED, wanted, ""), values, binary=True)
        return cursor.fetchall()
