"""Messages that were filed before: a sender that lost our 250, or was killed before it could note it, sends again."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from django.db import connection

# The prefix tells a delivery: one's own sent copy or draft has none.
FIND = """
SELECT w.account_id, w.message_id, w.size, w.digest, min(m.id)
FROM unnest(%s::bigint[], %s::text[], %s::int[], %s::bytea[]) AS w(account_id, message_id, size, digest)
JOIN message m ON m.account_id = w.account_id AND m.message_id = w.message_id AND (m.prefix > '' OR %s)
JOIN blob b ON b.id = m.blob_id AND b.size = w.size AND b.digest = w.digest
WHERE EXISTS (SELECT FROM mailboxmessage e WHERE e.message_id = m.id)
GROUP BY 1, 2, 3, 4
"""


class Copy(NamedTuple):
    """What makes a copy the same: the account, the Message-ID, and the octets by size and SHA-256."""

    account_id: int
    message_id: str
    size: int
    digest: bytes


def find(wanted: Collection[Copy], *, own: bool = False) -> dict[Copy, int]:
    """Those of `wanted` that lie in a folder of their account, with the id of the message; in one statement.

    With `own` also those that did not come by delivery: copies of what was sent, and what was imported.
    """
    if not wanted:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(FIND, [*(list(column) for column in zip(*wanted, strict=True)), own])
        return {
            Copy(account_id, message_id, size, bytes(digest)): found
            for account_id, message_id, size, digest, found in cursor.fetchall()
        }
