"""Raw messages by number: the only code that knows where their octets are kept."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import psycopg
from django.db import connection
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.store.models import Blob

# Octets go as a binary parameter: Django would write them into the statement as hex, several times their size.
_INSERT = "INSERT INTO blob (raw, size, digest, created_at) VALUES (%b, %s, %b, %s) RETURNING id"


# In pieces of this size: the buffers of a database connection grow to the largest value that ever went through them,
# and keep that size as long as the connection is in the pool.
PIECE = 1024 * 1024

_COPY = "COPY blob (id, size, digest, created_at, raw) FROM STDIN (FORMAT BINARY)"
# PostgreSQL's binary format (its documentation of COPY): signature, flags, extension; then the number of fields of the
# row and each with its length in front; -1 ends.
_BEGIN = b"PGCOPY\n\xff\r\n\0" + struct.pack("!ii", 0, 0)
_ROW = struct.Struct("!h iq ii i32s iq i")
_END = struct.pack("!h", -1)
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def put(raws: Sequence[bytes]) -> list[Blob]:
    """Keep each of `raws`; part of the caller's transaction. The blobs come back in the same order."""
    now = timezone.now()
    blobs = [Blob(raw=raw, size=len(raw), digest=sha256(raw).digest(), created_at=now) for raw in raws]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        _insert(cursor, [blob for blob in blobs if blob.size <= PIECE])
        for blob in blobs:
            if blob.size > PIECE:
                _stream(cursor, blob)
            blob._state.adding = False
    return blobs


def _insert(cursor: psycopg.Cursor, blobs: Sequence[Blob]) -> None:
    rows = [(blob.raw, blob.size, blob.digest, blob.created_at) for blob in blobs]
    cursor.executemany(_INSERT, rows, returning=True)
    for blob in blobs:
        (blob.pk,) = cursor.fetchone() or (None,)
        cursor.nextset()


def _stream(cursor: psycopg.Cursor, blob: Blob) -> None:
    cursor.execute("SELECT nextval(pg_get_serial_sequence('blob', 'id'))")
    (blob.pk,) = cursor.fetchone() or (None,)
    microseconds = (blob.created_at - _EPOCH) // timedelta(microseconds=1)
    row = _ROW.pack(5, 8, blob.pk, 4, blob.size, 32, bytes(blob.digest), 8, microseconds, blob.size)
    with cursor.copy(_COPY) as copy:
        copy.write(_BEGIN + row)
        copy.write(blob.raw)
        copy.write(_END)


def read(blob_id: int) -> bytes:
    """All octets of a blob. Raises NotFound."""
    return read_slice(blob_id, 0, None)


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
