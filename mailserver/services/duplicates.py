"""Messages that were filed before: a sender that lost our 250, or was killed before it could note it, sends again."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from mailserver.store.exchange import Asked, Exchange, array, octets

# The prefix tells a delivery: one's own sent copy or draft has none.
FIND = """
SELECT w.account_id, w.message_id, w.size, w.digest, min(m.id)
FROM unnest($1::bigint[], $2::text[], $3::int[], $4::bytea[]) AS w(account_id, message_id, size, digest)
JOIN message m ON m.account_id = w.account_id AND m.message_id = w.message_id AND (m.prefix > '' OR $5::bool)
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


def ask(exchange: Exchange, wanted: Collection[Copy], *, own: bool = False) -> Asked | None:
    """Ask which of `wanted` lie in a folder of their account; None when there is nothing to ask.

    With `own` also those that did not come by delivery: copies of what was sent, and what was imported.
    """
    if not wanted:
        return None
    accounts, ids, sizes, digests = zip(*wanted, strict=True)
    return exchange.add(FIND, [array(accounts), array(ids), array(sizes), octets(digests), "t" if own else "f"])


def found(asked: Asked | None) -> dict[Copy, int]:
    """The answer: copies that are there, with the id of the message."""
    rows = asked.rows if asked else ()
    return {
        Copy(account_id, message_id, size, bytes(digest)): one for account_id, message_id, size, digest, one in rows
    }


def find(wanted: Collection[Copy], *, own: bool = False) -> dict[Copy, int]:
    """Ask and wait for the answer."""
    exchange = Exchange()
    asked = ask(exchange, wanted, own=own)
    exchange.send()
    return found(asked)
