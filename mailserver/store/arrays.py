"""Columns of new rows as arrays in PostgreSQL's binary format: neither side writes or reads a number as text."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from mailserver.store.exchange import array

_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_LENGTH = struct.Struct("!i")
_NULL = _LENGTH.pack(-1)
# Dimensions, whether there are NULLs, type; then length and first index of the one dimension.
_HEAD = struct.Struct("!iiIii")
_NO_DIMENSION = struct.Struct("!iiI")


class Kind(NamedTuple):
    """How a column travels: the type of the array's items with its number (pg_type), and an item with its length."""

    sent: str
    oid: int
    write: Callable[[Any], bytes]


def kind_of(name: str) -> Kind:
    """For a column of this type. Those that have no form here are sent as text, for the statement to cast."""
    return _KINDS.get(name) or Kind("text", 25, _WRITTEN.get(name, _text))


def packed(column: Kind, items: Collection[Any]) -> bytes:
    """The array. Raises struct.error for a number out of range, ValueError for what JSON cannot hold."""
    if not items:
        return _NO_DIMENSION.pack(0, 0, column.oid)
    write = column.write
    written: list[bytes] = []
    before, octets = None, _NULL
    for item in items:
        # Copies of a message have the very same values beside each other.
        if item is not before:
            before, octets = item, _NULL if item is None else write(item)
        written.append(octets)
    return b"".join([_HEAD.pack(1, int(_NULL in written), column.oid, len(items), 1), *written])


def _octets(value: bytes | memoryview) -> bytes:
    return _LENGTH.pack(len(value)) + value


def _text(value: str) -> bytes:
    # What is no text is for PostgreSQL to refuse, as it refuses NUL.
    return _octets(str(value).encode("utf-8", "surrogatepass"))


def _moment(value: datetime) -> bytes:
    return _INT8.pack(8, (value - _EPOCH) // _MICROSECOND)


_INT8 = struct.Struct("!iq")
_KINDS: Mapping[str, Kind] = {
    "int8": Kind("int8", 20, partial(_INT8.pack, 8)),
    "int4": Kind("int4", 23, partial(struct.Struct("!ii").pack, 4)),
    "int2": Kind("int2", 21, partial(struct.Struct("!ih").pack, 2)),
    "bool": Kind("bool", 16, partial(struct.Struct("!i?").pack, 1)),
    "bytea": Kind("bytea", 17, _octets),
    "timestamptz": Kind("timestamptz", 1184, _moment),
}
_NO_ITEMS = _text("[]")
_WRITTEN: Mapping[str, Callable[[Any], bytes]] = {
    # Lists of attachments are empty in most mail.
    "jsonb": lambda value: _NO_ITEMS if value == [] else _text(json.dumps(value)),
    "text[]": lambda value: _text(array(value)),
    "int4[]": lambda value: _text(array(value)),
}
