"""Raw messages by number: the only code that knows where their octets are kept."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import psycopg
from django.db import connection
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.store.models import Blob

# Octets go as a binary parameter: Django would write them into the statement as hex, several times their size.
_INSERT = "INSERT INTO blob (raw, size, digest, created_at) VALUES (%b, %s, %b, %s) RETURNING id"


def put(raws: Sequence[bytes]) -> list[Blob]:
    """Keep each of `raws`; part of the caller's transaction. The blobs come back in the same order."""
    now = timezone.now()
    blobs = [Blob(raw=raw, size=len(raw), digest=sha256(raw).digest(), created_at=now) for raw in raws]
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        rows = [(blob.raw, blob.size, blob.digest, blob.created_at) for blob in blobs]
        cursor.executemany(_INSERT, rows, returning=True)
        for blob in blobs:
            (blob.pk,) = cursor.fetchone() or (None,)
            blob._state.adding = False
            cursor.nextset()
    return blobs


def read(blob_id: int) -> bytes:
    """All octets of a blob. Raises NotFound."""
    return read_slice(blob_id, 0, None)


def read_slice(blob_id: int, start: int, length: int | None) -> bytes:
    """`length` octets from `start` (0-based), or all that follow; the database reads no others. Raises NotFound."""
    with connection.cursor() as cursor:
        if length is None:
            cursor.execute("SELECT substring(raw from %s) FROM blob WHERE id = %s", [start + 1, blob_id])
        else:
            cursor.execute("SELECT substring(raw from %s for %s) FROM blob WHERE id = %s", [start + 1, length, blob_id])
        row = cursor.fetchone()
    if row is None:
        raise NotFound("The message's octets are gone.")
    return bytes(row[0])
