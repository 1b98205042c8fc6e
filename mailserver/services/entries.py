"""Messages of a folder as FETCH needs them: only the columns that are asked for, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import psycopg
from django.db import connection

from mailserver.mail.numbersets import Runs
from mailserver.services.flags import Keywords
from mailserver.store import blobs

_COLUMNS = {
    "flags": ("e.flags", "e.keywords"),
    "modseq": ("e.modseq",),
    "at": ("e.at",),
    "saved_at": ("e.saved_at",),
    "size": ("m.size",),
    "envelope": ("m.envelope",),
    "body": ("m.body",),
    "bodystructure": ("m.bodystructure",),
    "parts": ("m.parts",),
    "header_block": ("m.header_block",),
    "prefix": ("m.prefix",),
    "preview": ("m.preview",),
    "ids": ("e.message_id", "e.thread_id"),
    "blob": ("m.blob_id",),
}


class Entry:
    """A message of a folder; only the attributes whose columns were asked for are there."""

    uid: int
    flags: int
    keywords: tuple[str, ...]
    modseq: int
    at: datetime
    saved_at: datetime
    size: int
    envelope: bytes
    body: bytes
    bodystructure: bytes
    parts: dict[str, Any]
    header_block: bytes
    prefix: bytes
    preview: str
    message_id: int
    thread_id: int
    blob_id: int


def rows(
    account_id: int,
    mailbox_id: int,
    uids: Sequence[int],
    columns: Collection[str],
    *,
    changed_since: int | None = None,
) -> list[Entry]:
    """Those of `uids` that are there (with a modseq above `changed_since`), ascending."""
    names = [name for column in sorted(columns) for name in _COLUMNS[column]]
    joined = "JOIN message m ON m.id = e.message_id" if any(name.startswith("m.") for name in names) else ""
    newer = "AND e.modseq > %(since)s" if changed_since is not None else ""
    statement = (
        f"SELECT {', '.join(['e.uid', *names])} FROM mailboxmessage e {joined}"  # noqa: S608
        f" WHERE e.mailbox_id = %(box)s AND e.account_id = %(account)s AND e.uid = ANY(%(uids)s) {newer} ORDER BY e.uid"
    )
    connection.ensure_connection()
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        values = {"box": mailbox_id, "account": account_id, "uids": list(uids), "since": changed_since}
        cursor.execute(statement.encode(), values, binary=True)
        found = cursor.fetchall()
    keywords = Keywords(account_id)
    attributes = ["uid", *(name.partition(".")[2] for name in names)]
    return [_entry(attributes, row, keywords) for row in found]


def _entry(attributes: Sequence[str], row: Sequence[Any], keywords: Keywords) -> Entry:
    entry = Entry()
    for name, value in zip(attributes, row, strict=True):
        setattr(entry, name, keywords.of(value) if name == "keywords" else value)
    return entry


def highest_modseq(account_id: int, mailbox_id: int, runs: Runs) -> int:
    """The highest modseq of these messages, 0 when there are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(max(e.modseq), 0) FROM unnest(%s::int[], %s::int[]) AS r(low, high), mailboxmessage e"
            " WHERE e.mailbox_id = %s AND e.account_id = %s AND e.uid BETWEEN r.low AND r.high",
            [[low for low, _ in runs], [high for _, high in runs], mailbox_id, account_id],
        )
        return int(cursor.fetchone()[0])


def octets(blob_id: int, start: int, length: int) -> bytes:
    """Octets of a blob. Raises NotFound."""
    return blobs.read_slice(blob_id, start, length) if length > 0 else b""
