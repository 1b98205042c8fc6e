"""IMAP SORT (RFC 5256, and DISPLAYFROM and DISPLAYTO of RFC 5957)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from django.db import connection

from mailserver.mail.basesubject import base_subject
from mailserver.mail.casemap import casemap
from mailserver.services import mailboxes

Criterion = Literal["ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM", "SIZE", "SUBJECT", "TO"]

# Messages read at once.
PIECE = 5000
READ = """
SELECT {} FROM mailboxmessage e JOIN message m ON m.id = e.message_id
WHERE e.mailbox_id = %s AND e.account_id = %s AND e.uid = ANY(%s) ORDER BY e.uid
"""

_Row = Sequence[Any]
# What is read for each criterion, and the value it is sorted by. Texts are compared by i;unicode-casemap (RFC 5256 §7).
_KEYS: Mapping[Criterion, tuple[tuple[str, ...], Callable[[_Row], Any]]] = {
    "ARRIVAL": (("e.at",), lambda row: row[0]),
    "CC": (("m.recipients #>> '{cc,0}'",), lambda row: _mailbox(_first(row[0])[1])),
    "DATE": (("m.sent_at", "e.at"), lambda row: row[0] or row[1]),
    "DISPLAYFROM": (("m.from_name", "m.from_address"), lambda row: _display(row)),
    "DISPLAYTO": (("m.recipients #>> '{to,0}'",), lambda row: _display(_first(row[0]))),
    "FROM": (("m.from_address",), lambda row: _mailbox(row[0])),
    "SIZE": (("m.size",), lambda row: row[0]),
    "SUBJECT": (("m.subject",), lambda row: casemap(base_subject(row[0])[0])),
    "TO": (("m.recipients #>> '{to,0}'",), lambda row: _mailbox(_first(row[0])[1])),
}


def ordered(
    account_id: int, mailbox_id: int, uids: Iterable[int], criteria: Sequence[tuple[Criterion, bool]]
) -> list[int]:
    """These messages, as far as they are there, by the criteria, each (name, reversed); equal ones by number.

    Without a Date field a message counts as sent when it came. Raises NotFound.
    """
    mailboxes.get(account_id, mailbox_id)
    columns = list(dict.fromkeys(column for name, _ in criteria for column in _KEYS[name][0]))
    rows = read(account_id, mailbox_id, uids, columns)
    for name, is_reversed in reversed(criteria):
        wanted, value = _KEYS[name]
        places = [1 + columns.index(column) for column in wanted]
        keys = {row[0]: value([row[place] for place in places]) for row in rows}
        rows.sort(key=lambda row, keys=keys: keys[row[0]], reverse=is_reversed)  # type: ignore[misc]
    return [row[0] for row in rows]


def read(account_id: int, mailbox_id: int, uids: Iterable[int], columns: Sequence[str]) -> list[tuple[Any, ...]]:
    """UID and these columns, of `mailboxmessage e` and `message m`, of the messages that are there, ascending."""
    numbers = sorted(set(uids))
    statement = READ.format(", ".join(["e.uid", *columns]))
    rows: list[tuple[Any, ...]] = []
    with connection.cursor() as cursor:
        for start in range(0, len(numbers), PIECE):
            cursor.execute(statement, [mailbox_id, account_id, numbers[start : start + PIECE]])
            rows += cursor.fetchall()
    return rows


def _first(pair: str | None) -> Sequence[str]:
    """Name and address, of JSON."""
    return json.loads(pair) if pair else ("", "")


def _mailbox(address: str) -> str:
    return casemap(address.rpartition("@")[0] or address)


def _display(pair: Sequence[str]) -> str:
    """The name, and where there is none the address."""
    name, address = pair
    return casemap(name or address)
