"""Which conversation a message belongs to.

Messages are joined by the ids they mention (Message-ID, In-Reply-To, References) as long as the base subject
(RFC 5256 §2.1) stays the same: a reply under a new subject starts a conversation, as people expect from Gmail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b

from mailserver.store import rows
from mailserver.store.exchange import Asked, Exchange, array

# A conversation longer than this is a mailing list's catch-all; the page could not show it and every delivery
# recomputes its line.
MAX_MESSAGES = 500

KNOWN = """
SELECT r.account_id, r.digest, r.thread_id, t.base_subject,
       (SELECT coalesce(max(b.total), 0) FROM threadbox b WHERE b.thread_id = r.thread_id)
FROM unnest($1::bigint[], $2::bigint[]) AS w(account_id, digest)
CROSS JOIN LATERAL (
    SELECT * FROM threadreference x WHERE x.account_id = w.account_id AND x.digest = w.digest OFFSET 0) r
CROSS JOIN LATERAL (SELECT y.base_subject FROM thread y WHERE y.id = r.thread_id OFFSET 0) t
"""
ALONE = "SELECT pg_advisory_xact_lock(x) FROM (SELECT unnest($1::bigint[]) AS x ORDER BY 1) AS account"
THREAD = rows.Table("thread", {"id": "int8", "account_id": "int8", "base_subject": "text"})
REFERENCE = rows.Table(
    "threadreference", {"account_id": "int8", "digest": "int8", "thread_id": "int8"}, "ON CONFLICT DO NOTHING"
)


@dataclass(frozen=True, slots=True)
class Belonging:
    """What decides a message's conversation: its account, its base subject, its own id and the ids it mentions."""

    account_id: int
    base_subject: str
    message_id: str
    references: Sequence[str]

    @property
    def mentioned(self) -> list[int]:
        """Digests of all ids, each once."""
        ids = [self.message_id, *self.references]
        return list(dict.fromkeys(digest(text) for text in ids if text))


@lru_cache(maxsize=2000)
def digest(message_id: str) -> int:
    """The signed 64-bit number that stands for a Message-ID in the table."""
    return int.from_bytes(blake2b(message_id.encode(), digest_size=8).digest(), signed=True)


@dataclass(frozen=True, slots=True)
class Place:
    """A message's conversation; `new` when it begins with a message of this transaction."""

    thread_id: int
    new: bool


def ask(exchange: Exchange, belongings: Sequence[Belonging]) -> Asked:
    """Ask what is known of messages about to be filed, for `assign`.

    Inside the caller's transaction, after its mailbox locks. The advisory locks, taken in account order, keep
    two deliveries to different folders of one account from starting the same conversation twice.
    """
    exchange.add(ALONE, [array(sorted({item.account_id for item in belongings}))])
    pairs = {(item.account_id, number) for item in belongings for number in item.mentioned}
    accounts, digests = zip(*pairs, strict=True) if pairs else ((), ())
    return exchange.add(KNOWN, [array(accounts), array(digests)])


def assign(exchange: Exchange, belongings: Sequence[Belonging], known: Asked, ids: Iterable[int]) -> list[Place]:
    """The conversations of messages about to be filed, in order.

    `known` is what `ask` heard of these messages at least, `ids` are numbers for new conversations. Those and what
    refers to them are written when the exchange is sent.
    """
    plan = _Plan(known, ids)
    places = [plan.place(item) for item in belongings]
    plan.write(exchange)
    return places


class _Plan:
    """The conversations of a batch, each message seeing those before it."""

    def __init__(self, known: Asked, ids: Iterable[int]) -> None:
        # (account, digest) → {thread id: base subject}; how many messages the longest line of a conversation counts.
        self._known: dict[tuple[int, int], dict[int, str]] = {}
        self._lengths: dict[int, int] = {}
        for account_id, number, thread_id, subject, length in known.rows:
            self._known.setdefault((account_id, number), {})[thread_id] = subject
            self._lengths[thread_id] = length
        self._ids = iter(ids)
        self._new: dict[int, tuple[int, str]] = {}
        self._references: list[tuple[int, int, int]] = []

    def place(self, item: Belonging) -> Place:
        """The message's conversation, for `write` to make true."""
        numbers = item.mentioned
        mentioned = [self._known.setdefault((item.account_id, number), {}) for number in numbers]
        candidates = (
            thread for threads in mentioned for thread, subject in threads.items() if subject == item.base_subject
        )
        thread_id = max(candidates, default=0)
        if not thread_id or self._lengths.get(thread_id, 0) >= MAX_MESSAGES:
            thread_id = next(self._ids)
            self._new[thread_id] = (item.account_id, item.base_subject)
        self._lengths[thread_id] = self._lengths.get(thread_id, 0) + 1
        for number, threads in zip(numbers, mentioned, strict=True):
            if thread_id not in threads:
                threads[thread_id] = item.base_subject
                self._references.append((item.account_id, number, thread_id))
        return Place(thread_id, thread_id in self._new)

    def write(self, exchange: Exchange) -> None:
        """Note the new conversations and references."""
        rows.insert(exchange, THREAD, ((number, *values) for number, values in self._new.items()))
        rows.insert(exchange, REFERENCE, self._references)
