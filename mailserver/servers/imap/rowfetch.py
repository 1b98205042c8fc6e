"""FETCH responses of what the columns of messages have, for many messages at once: a page of a list of mail."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from mailserver.mail import numbersets
from mailserver.mail.imapforms import seven_bit
from mailserver.servers.imap import responses
from mailserver.servers.imap.fetchplan import Plan, Writer
from mailserver.servers.imap.grammar.attributes import Attribute
from mailserver.servers.imap.plainfetch import numbers, written
from mailserver.servers.imap.view import View
from mailserver.services.entries import Entry

_Column = Sequence[Any]
_Columns = Mapping[str, _Column]
# Item → the column, how it is written, and what makes its values ready for that.
_ITEMS: Mapping[str, tuple[str, bytes, Callable[[Writer, _Column], Iterable[Any]]]] = {
    "UID": ("uid", b"UID %d", lambda writer, column: column),
    "RFC822.SIZE": ("size", b"RFC822.SIZE %d", lambda writer, column: column),
    "MODSEQ": ("modseq", b"MODSEQ (%d)", lambda writer, column: column),
    "EMAILID": ("message_id", b"EMAILID (M%d)", lambda writer, column: column),
    "THREADID": ("thread_id", b"THREADID (T%d)", lambda writer, column: column),
    "INTERNALDATE": ("at", b"INTERNALDATE %b", lambda writer, column: map(responses.date_time, column)),
    "SAVEDATE": ("saved_at", b"SAVEDATE %b", lambda writer, column: map(responses.date_time, column)),
    "ENVELOPE": ("envelope", b"ENVELOPE %b", lambda writer, column: _forms(writer, column)),
    "BODY": ("body", b"BODY %b", lambda writer, column: _forms(writer, column)),
    "BODYSTRUCTURE": ("bodystructure", b"BODYSTRUCTURE %b", lambda writer, column: _forms(writer, column)),
}


def write(plan: Plan, view: View, rows: Sequence[Entry], writer: Writer) -> bytes:
    """The responses of messages that the session's view has; `plan` is of nothing but columns."""
    columns = dict(zip(Entry._fields, zip(*rows, strict=True), strict=False))
    forms = [b"* %d FETCH ("]
    values: list[Iterable[Any]] = [numbers(view, array("I", columns.get("uid", ())))]
    for item in plan.items:
        assert isinstance(item, Attribute)
        if item.name == "FLAGS":
            forms.append(b"FLAGS %b")
            values.append(_flags(writer, columns))
        else:
            name, form, ready = _ITEMS[item.name]
            forms.append(form)
            values.append(ready(writer, columns.get(name, ())))
    form = forms[0] + b" ".join(forms[1:]) + b")\r\n"
    return form * len(rows) % tuple(chain.from_iterable(zip(*values, strict=True)))


def _flags(writer: Writer, columns: _Columns) -> Iterable[bytes]:
    recent = [numbersets.holds(writer.recents, uid) for uid in columns.get("uid", ())]
    keywords = [names or () for names in columns.get("keywords", ())]
    return map(written, columns.get("flags", ()), keywords, recent)


def _forms(writer: Writer, column: _Column) -> Iterable[bytes]:
    """Finished forms; in seven bits for clients that do not take UTF-8."""
    forms = [form or b"NIL" for form in column]
    return forms if writer.utf8 else [form if form.isascii() else seven_bit(form) for form in forms]
