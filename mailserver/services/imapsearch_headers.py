"""Header fields of an IMAP search: SQL finds who may have the text, and where it cannot be sure, each is looked at.

FROM, TO, CC, BCC and SUBJECT are compared with what ENVELOPE tells (RFC 9051 §6.4.4): the first Subject, and names and
addresses in one line, `name address, name address`. Angle brackets and quotes asked for are passed over. All text is
folded (mail/searchterms.py): case and accents do not count. Other fields are compared as they stand in the header,
encoded words decoded, folds taken out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from mailserver.mail.addresslists import HeaderAddress, parse_list
from mailserver.mail.dates import written_day
from mailserver.mail.headers import Headers, decoded
from mailserver.mail.message import MAX_SEARCH_OCTETS, people
from mailserver.mail.searchkeys import Dated, HeaderHas
from mailserver.mail.searchterms import fold
from mailserver.services import imapsearch_scan
from mailserver.services.imapsearch_sql import EVERY, NONE, Folder, Where, combined, edges

# The order of the fields in Message.header, separated by U+0001.
_FIELDS = {"subject": 1, "from": 2, "to": 3, "cc": 3}
# From here on the column may have been cut: at most three octets of a character are taken off with it.
_FULL = MAX_SEARCH_OCTETS - 3
_WHOLE = Where(f"octet_length(m.header) < {_FULL}", joined=True)
_CUT = Where(f"octet_length(m.header) >= {_FULL}", joined=True)
# A NUL or an octet above 127 is written as its number, a backslash twice.
_BLOCK = "lower(E'\\n' || encode(m.prefix || m.header_block, 'escape'))"
_BLOCK_COLUMNS = "m.prefix, m.header_block"
_PASSED = str.maketrans("", "", '>"')
_SPACES = re.compile(r"\s+")
_NAME = re.compile(r"[!-9;-~]{1,998}")


def has(folder: Folder, scope: Where, key: HeaderHas) -> set[int]:
    """The messages of `scope` with such a field. Raises SearchTooSlow."""
    name = key.name.lower()
    if not key.text or not fold(key.text):
        return _field(folder, scope, name, "")
    if name == "subject":
        return _subject(folder, scope, fold(key.text))
    if name in ("from", "to", "cc", "bcc"):
        text = _SPACES.sub(" ", fold(key.text).replace("<", " ").translate(_PASSED)).strip()
        return _people(folder, scope, name, text)
    if name == "message-id":
        return folder.uids(scope & _message_id(key.text.strip()))
    return _field(folder, scope, name, fold(key.text))


def shown(folder: Folder, text: str) -> set[int]:
    """The messages whose subject, authors or recipients (To, Cc) hold the folded text where their column was not cut.

    Raises SearchTooSlow.
    """
    return imapsearch_scan.halves(folder, EVERY, _in_shown(text), NONE)[0]


def in_any(folder: Folder, scope: Where, text: str) -> set[int]:
    """The messages of `scope` with the folded text in any field."""
    return _field(folder, scope, "", text)


def sent(folder: Folder, scope: Where, key: Dated) -> set[int]:
    """By the day of the Date field as it was written. `sent_at` has lost the zone: it settles what is a day away.

    A message without a Date matches no such key.
    """
    start, end = edges(key.day)
    around = start - timedelta(days=1), (start if key.comparison != "on" else end) + timedelta(days=1)
    doubtful = Where("COALESCE(m.sent_at > %s AND m.sent_at < %s, false)", around, joined=True)
    sure = NONE
    if key.comparison == "before":
        sure = Where("COALESCE(m.sent_at <= %s, false)", around[:1], joined=True)
    elif key.comparison == "since":
        sure = Where("COALESCE(m.sent_at >= %s, false)", around[1:], joined=True)

    def fits(prefix: Any, block: Any) -> bool:
        day = written_day(Headers(bytes(block)).unfolded("date"))
        return day is not None and _compared(day, key)

    return _found(folder, scope, sure, doubtful, _BLOCK_COLUMNS, fits)


def escaped(text: str) -> str:
    """The text for LIKE."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _compared(day: date, key: Dated) -> bool:
    match key.comparison:
        case "before":
            return day < key.day
        case "since":
            return day >= key.day
    return day == key.day


def _found(
    folder: Folder, scope: Where, sure: Where, doubtful: Where, columns: str, fits: Callable[..., bool]
) -> set[int]:
    found, left = set[int](), set[int]()
    if not (scope.joined or "m.recipients" in sure.sql + doubtful.sql or sure is NONE):
        found, left = imapsearch_scan.halves(folder, scope, sure, doubtful)
    elif sure is NONE:
        # With statistics of empty tables the planner goes through the folder once for each message.
        left = folder.uids(scope & doubtful, hashed=scope is EVERY)
    else:
        found, left = folder.halves(scope & combined(" OR ", (sure, doubtful)), sure)
    found.update(row[0] for row in folder.rows_of(left, columns) if fits(*row[1:]))
    return found


def _in_shown(text: str) -> Where:
    # A third quicker than LIKE.
    return Where("position(%s IN m.header) > 0", (text,), joined=True)


def _part(name: str, text: str) -> Where:
    """The column's part for a field holds the text; the whole column is looked through first, which is quicker."""
    part = f"position(%s IN split_part(m.header, E'\\x01', {_FIELDS[name]})) > 0"
    return _in_shown(text) & Where(part, (text,), joined=True)


def _subject(folder: Folder, scope: Where, text: str) -> set[int]:
    return _found(folder, scope, _part("subject", text) & _WHOLE, _CUT, "m.subject", lambda it: text in fold(it))


def _people(folder: Folder, scope: Where, name: str, text: str) -> set[int]:
    if name == "from":

        def wrote(prefix: Any, block: Any) -> bool:
            headers = Headers(bytes(block))
            authors = parse_list(headers.unfolded("from")) or parse_list(headers.unfolded("sender"))
            return text in fold(people(authors))

        return _found(folder, scope, _part(name, text) & _WHOLE, _CUT, _BLOCK_COLUMNS, wrote)

    def receives(recipients: str) -> bool:
        return text in fold(people(HeaderAddress(*pair) for pair in json.loads(recipients).get(name, ())))

    there = _has_any(name)
    if name == "bcc":
        return _found(folder, scope, NONE, there, "m.recipients::text", receives)
    other = _has_any("cc" if name == "to" else "to")
    alone = Where(f"NOT {other.sql}", other.values, joined=True)
    doubtful = there & combined(" OR ", (_CUT, _part(name, text) & other))
    return _found(folder, scope, _WHOLE & _part(name, text) & there & alone, doubtful, "m.recipients::text", receives)


def _has_any(name: str) -> Where:
    return Where("COALESCE(m.recipients -> %s, '[]'::jsonb) <> '[]'::jsonb", (name,), joined=True)


def _message_id(text: str) -> Where:
    """By the id that was stored: in brackets it is equal, otherwise a piece of it, brackets included."""
    if text.startswith("<") and text.endswith(">"):
        return Where("m.message_id = %s", (text[1:-1],), joined=True)
    piece = f"%{escaped(text.lower())}%"
    return Where("(m.message_id <> '' AND lower('<' || m.message_id || '>') LIKE %s)", (piece,), joined=True)


def _field(folder: Folder, scope: Where, name: str, text: str) -> set[int]:
    """Fields of this name, or all, as they stand in the header; without a text it is enough that one is there."""
    if name and not _NAME.fullmatch(name):
        return set()

    def fits(prefix: Any, block: Any) -> bool:
        headers = Headers(bytes(prefix) + bytes(block))
        if name and not text:
            return name in headers
        if not name:
            return any(text in fold(f"{field.name}: {decoded(field.value)}") for field in headers.fields)
        return any(text in fold(decoded(field.value)) for field in headers.fields if field.name == name)

    return _found(folder, scope, NONE, _maybe(name, text), _BLOCK_COLUMNS, fits)


def _maybe(name: str, text: str) -> Where:
    """Has such a field, and behind its name the pieces between spaces, or something that has to be decoded first."""
    begin = f"%\n{_spelled(name)}%:" if name else "%"
    patterns = ["%=?%", *(f"%\\\\{digit}__%" for digit in "023")] if text else [""]
    if text and text.isascii():
        patterns.append("%" + "%".join(map(_spelled, text.split())) + "%")
    values = tuple(begin + (pattern or "%") for pattern in patterns)
    return Where(f"{_BLOCK} LIKE ANY(%s)", (list(values),), joined=True)


def _spelled(text: str) -> str:
    return escaped(text.replace("\\", "\\\\"))
