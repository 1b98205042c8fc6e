"""Raw messages by number: the only code that knows where their octets are kept."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import psycopg
from django.db import connection
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.store import rows
from mailserver.store.exchange import Exchange, array, octets
from mailserver.store.models import Blob

# In pieces of this size: the buffers of a database connection grow to the largest value that ever went through them,
# and keep that size as long as the connection is in the pool.
PIECE = 1024 * 1024

_INSERT = """
INSERT INTO blob (id, size, digest, created_at, raw)
SELECT * FROM unnest($1::bigint[], $2::int[], $3::bytea[], $4::timestamptz[], $5::bytea[])
"""
_COPY = "COPY blob (id, size, digest, created_at, raw) FROM STDIN (FORMAT BINARY)"
# PostgreSQL's binary format (its documentation of COPY): signature, flags, extension; then the number of fields of the
# row and each with its length in front; -1 ends.
_BEGIN = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_ROW = struct.Struct("!h iq ii i32s iq i")
_END = struct.pack("!h", -1)
_READ_SMALL = "SELECT id, raw FROM blob WHERE id = ANY($1::bigint[]) AND size <= $2::int"
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def describe(raws: Sequence[bytes]) -> list[Blob]:
    """Blobs of `raws` that are not kept yet: octets, size, digest. Needs no database."""
    now = timezone.now()
    return [Blob(raw=raw, size=len(raw), digest=sha256(raw).digest(), created_at=now) for raw in raws]


def put(raws: Sequence[bytes]) -> list[Blob]:
    """Keep each of `raws`; part of the caller's transaction. The blobs come back in the same order."""
    blobs = describe(raws)
    keep_now(blobs)
    return blobs


def keep_now(blobs: Sequence[Blob]) -> None:
    """Give the blobs their numbers and write them; part of the caller's transaction."""
    exchange = Exchange()
    asked = rows.numbers(exchange, ["blob"], len(blobs))
    exchange.send()
    keep(exchange, blobs, [number for (number,) in asked.rows])
    exchange.send()


def keep(exchange: Exchange, blobs: Sequence[Blob], numbers: Iterable[int]) -> None:
    """Give the blobs their numbers and have them written when the exchange is sent; large ones are written at once."""
    for blob, number in zip(blobs, numbers, strict=False):
        blob.pk = number
        blob._state.adding = False
    if sum(blob.size for blob in blobs) > PIECE:
        _copy(blobs)
    elif blobs:
        exchange.add(
            _INSERT,
            [
                array([blob.pk for blob in blobs]),
                array([blob.size for blob in blobs]),
                octets([bytes(blob.digest) for blob in blobs]),
                array([blob.created_at.isoformat() for blob in blobs]),
                octets([bytes(blob.raw) for blob in blobs]),
            ],
        )


def _copy(blobs: Sequence[Blob]) -> None:
    connection.ensure_connection()
    with (
        connection.wrap_database_errors,
        psycopg.Cursor(connection.connection) as cursor,
        cursor.copy(_COPY) as copy,
    ):
        copy.write(_BEGIN)
        for blob in blobs:
            copy.write(_row(blob))
            copy.write(blob.raw)
        copy.write(_END)


def _row(blob: Blob) -> bytes:
    """All of the row but the octets, which come last."""
    microseconds = (blob.created_at - _EPOCH) // timedelta(microseconds=1)
    return _ROW.pack(5, 8, blob.pk, 4, blob.size, 32, bytes(blob.digest), 8, microseconds, blob.size)


def read(blob_id: int) -> bytes:
    """All octets of a blob. Raises NotFound."""
    return read_slice(blob_id, 0, None)


def read_small(blob_ids: Iterable[int], most: int) -> dict[int, bytes]:
    """All octets of those blobs that have at most so many, by number, in one statement."""
    exchange = Exchange()
    asked = exchange.add(_READ_SMALL, [array(blob_ids), most])
    exchange.send()
    return dict(asked.rows)


def read_slice(blob_id: int, start: int, length: int | None) -> bytes:
    """`length` octets from `start` (0-based), or all that follow; the database reads no others. Raises NotFound."""
    pieces: list[bytes] = []
    with connection.cursor() as cursor:
        while length is None or length > 0 or not pieces:
            wanted = PIECE if length is None else min(length, PIECE)
            cursor.execute("SELECT substring(raw from %s for %s) FROM blob WHERE id = %s", [start + 1, wanted, blob_id])
            row = cursor.fetchone()
            if row is None:
                raise NotFound("The message's octets are gone.")
            pieces.append(bytes(row[0]))
            if len(pieces[-1]) < PIECE:
                break
            start, length = start + PIECE, None if length is None else length - PIECE
    return b"".join(pieces)
