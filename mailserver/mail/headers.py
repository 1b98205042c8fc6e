"""A header block as senders really write it: fields, their decoded text, dates and message ids.

The stdlib's modern policy raises on broken fields (a truncated Message-ID, for one), so the block is
read here with one regular expression, and every value is decoded on its own.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from mailserver.mail import charset, encodedwords
from mailserver.mail.dates import parse_date
from mailserver.mail.parameters import content_type, disposition

__all__ = [
    "MAX_BYTES",
    "Field",
    "Headers",
    "content_type",
    "disposition",
    "header_end",
    "message_ids",
    "of_message",
    "parse_date",
    "split_header",
    "unfold",
]

MAX_BYTES = 256 * 1024
MAX_FIELDS = 1000
MAX_IDS = 200
_MAX_ID = 998

# RFC 5322 §2.2: printable US-ASCII without colon; white space before the colon is obsolete (§4.5)
# and raw 8-bit names occur. Continuation lines begin with white space.
_FIELD = re.compile(rb"([!-9;-~\x80-\xff]{1,998})[ \t]*:([^\n]*(?:\n[ \t][^\n]*)*)(?:\n|\Z)")
_BLANK = re.compile(rb"\n\r?\n")
_FIELD_AHEAD = re.compile(rb"^[A-Za-z][A-Za-z0-9-]*:", re.MULTILINE)
_MBOX_LINE = (b"From ", b">From ")
# Octets of a header that is remembered.
_SMALL = 32 * 1024
_FOLD = re.compile(r"\r?\n(?=[ \t])")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_ID = re.compile(r"<([^<>]*)>")


class Field(NamedTuple):
    """One field: `raw[start:end]` holds name, colon, value and line end."""

    name: str
    value: bytes
    start: int
    end: int


class Headers:
    """The fields of the header that `raw[start:end]` begins with; `end` becomes the offset of its body.

    Nothing here raises, whatever the octets are.
    """

    def __init__(self, raw: bytes, start: int = 0, end: int | None = None) -> None:
        self.fields, self.end = _fields(raw, start, len(raw) if end is None else end)
        self._first: dict[str, Field] = {}
        for field in self.fields:
            self._first.setdefault(field.name, field)

    def __contains__(self, name: str) -> bool:
        return name.lower() in self._first

    def names(self) -> list[str]:
        """Lower-case names in the order of the block, repeated ones too."""
        return [field.name for field in self.fields]

    def raw(self, name: str) -> bytes:
        """The first such field's value as it came, folds included; `b''` when there is none."""
        field = self._first.get(name.lower())
        return field.value if field else b""

    def unfolded(self, name: str) -> str:
        """The first such field on one line, encoded words as they are: for values with parameters."""
        field = self._first.get(name.lower())
        return unfold(field.value) if field else ""

    def undecoded(self, name: str) -> str:
        """All such fields joined by commas, unfolded, encoded words as they are: for address lists."""
        name = name.lower()
        if name not in self._first:
            return ""
        return ", ".join(filter(None, (unfold(field.value) for field in self.fields if field.name == name)))

    def get(self, name: str, default: str = "") -> str:
        """The first such field as text: unfolded, encoded words decoded, no control characters."""
        field = self._first.get(name.lower())
        return decoded(field.value) if field else default

    def get_all(self, name: str) -> list[str]:
        """Each such field as text, as `get` gives it."""
        name = name.lower()
        return [decoded(field.value) for field in self.fields if field.name == name]


def of_message(raw: bytes) -> Headers:
    """The header of a whole message. Several look at it one after the other; a small one is read once."""
    end = raw.find(b"\r\n\r\n", 0, _SMALL)
    if end >= 0:
        # Nothing behind the first empty line is looked at.
        return _read_once(raw[: end + 4])
    return _read_once(raw) if len(raw) <= _SMALL else Headers(raw)


@lru_cache(maxsize=100)
def _read_once(raw: bytes) -> Headers:
    return Headers(raw)


def unfold(value: bytes) -> str:
    """A raw field value on one line (RFC 5322 §2.2.3), octets above 127 as UTF-8 or a guess."""
    value = value[:MAX_BYTES]
    if value.isascii():
        # nearly always: one line of nothing else
        text = value.strip().decode("ascii")
        if text.isprintable():
            return text
    text = charset.decode(value)
    if "\n" in text:
        text = _FOLD.sub("", text)
    return _CONTROLS.sub(" ", text).strip()


def decoded(value: bytes) -> str:
    """`unfold` with RFC 2047 words decoded."""
    text = unfold(value)
    return _CONTROLS.sub(" ", encodedwords.decode(text)).strip() if "=?" in text else text


def split_header(raw: bytes) -> tuple[bytes, int]:
    """The header block, with the empty line that ends it, and the offset of the body."""
    end = header_end(raw, 0, len(raw))
    return raw[:end], end


def header_end(raw: bytes, start: int, end: int) -> int:
    """Offset of the body of the entity `raw[start:end]`.

    The header ends behind the first empty line. Where a line can be no field (someone typed a body
    without a header), the body begins there, unless more fields follow before the empty line: then
    the line is a broken fold and only it is ignored. Above MAX_BYTES the rest counts as body.
    """
    return _fields(raw, start, end)[1]


def message_ids(text: str) -> list[str]:
    """The ids of Message-ID, In-Reply-To or References without brackets, at most 200.

    Of a longer list the first and the last ones stay: the root and the nearest ancestors.
    """
    found = [inner.strip() for inner in _ID.findall(text)] if "<" in text else text.split()
    ids = list(dict.fromkeys(item[:_MAX_ID] for item in found if item))
    return ids if len(ids) <= MAX_IDS else [ids[0], *ids[1 - MAX_IDS :]]


def _fields(raw: bytes, start: int, end: int) -> tuple[list[Field], int]:
    fields: list[Field] = []
    limit = min(end, start + MAX_BYTES)
    at = start
    last_field: int | None = None
    while at < limit:
        found = _FIELD.match(raw, at, limit)
        if found:
            if len(fields) < MAX_FIELDS:
                name = found[1].decode("latin-1").lower()
                fields.append(Field(name, found[2], at, found.end()))
            at = found.end()
            continue
        line_end = raw.find(b"\n", at, limit) + 1 or limit
        if raw[at:line_end] in (b"\n", b"\r\n"):
            return fields, line_end
        if last_field is None:
            last_field = _last_field(raw, at, limit)
        if at > last_field and not (at == start and raw.startswith(_MBOX_LINE, at)):
            return fields, at
        at = line_end
    return fields, at


def _last_field(raw: bytes, at: int, limit: int) -> int:
    """Offset of the last field between `at` and the next empty line; -1 when there is none."""
    blank = _BLANK.search(raw, at, limit)
    if not blank:
        return -1
    return max((found.start() for found in _FIELD_AHEAD.finditer(raw, at, blank.start() + 1)), default=-1)
