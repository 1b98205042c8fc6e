"""IMAP SORT (RFC 5256, and DISPLAYFROM and DISPLAYTO of RFC 5957)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Literal

from mailserver.mail.searchterms import fold
from mailserver.mail.threading import base_subject
from mailserver.services import mailboxes
from mailserver.services.imapsearch_sql import CHUNK
from mailserver.store.models import MailboxMessage

Criterion = Literal["ARRIVAL", "CC", "DATE", "DISPLAYFROM", "DISPLAYTO", "FROM", "SIZE", "SUBJECT", "TO"]

_Row = Sequence[Any]
# What is read for each criterion, and the value it is sorted by. Texts are compared folded: case and accents do not
# count, which is a little less than i;unicode-casemap tells apart.
_KEYS: Mapping[Criterion, tuple[tuple[str, ...], Callable[[_Row], Any]]] = {
    "ARRIVAL": (("at",), lambda row: row[0]),
    "CC": (("message__recipients__cc__0",), lambda row: _mailbox(_first(row[0])[1])),
    "DATE": (("message__sent_at", "at"), lambda row: row[0] or row[1]),
    "DISPLAYFROM": (("message__from_name", "message__from_address"), lambda row: _display(row)),
    "DISPLAYTO": (("message__recipients__to__0",), lambda row: _display(_first(row[0]))),
    "FROM": (("message__from_address",), lambda row: _mailbox(row[0])),
    "SIZE": (("message__size",), lambda row: row[0]),
    "SUBJECT": (("message__subject",), lambda row: fold(base_subject(row[0]))),
    "TO": (("message__recipients__to__0",), lambda row: _mailbox(_first(row[0])[1])),
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
    """UID and these columns of the messages that are there, ascending."""
    numbers = sorted(set(uids))
    entries = MailboxMessage.objects.filter(account_id=account_id, mailbox_id=mailbox_id)
    return [
        row
        for start in range(0, len(numbers), _READ)
        for row in entries.filter(uid__in=numbers[start : start + _READ]).order_by("uid").values_list("uid", *columns)
    ]


_READ = 10 * CHUNK


def _first(pair: Sequence[str] | None) -> Sequence[str]:
    return pair or ("", "")


def _mailbox(address: str) -> str:
    return fold(address.rpartition("@")[0] or address)


def _display(pair: Sequence[str]) -> str:
    """The name, and where there is none the address."""
    name, address = pair
    return fold(name or address)
