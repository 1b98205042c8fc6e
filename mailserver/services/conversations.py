"""Which conversation a message belongs to.

Messages are joined by the ids they mention (Message-ID, In-Reply-To, References) as long as the base subject
(RFC 5256 §2.1) stays the same: a reply under a new subject starts a conversation, as people expect from Gmail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.db import connection

# (account, digest) → {thread id: base subject}
_Known = dict[tuple[int, int], dict[int, str]]

# A conversation longer than this is a mailing list's catch-all; the page could not show it and every delivery
# recomputes its line.
MAX_MESSAGES = 500

KNOWN = """
SELECT r.account_id, r.digest, r.thread_id, t.base_subject,
       (SELECT coalesce(max(b.total), 0) FROM threadbox b WHERE b.thread_id = r.thread_id)
FROM unnest(%s::bigint[], %s::bigint[]) AS w(account_id, digest)
JOIN threadreference r ON r.account_id = w.account_id AND r.digest = w.digest JOIN thread t ON t.id = r.thread_id
"""
BEGIN = """
INSERT INTO thread (account_id, base_subject) SELECT * FROM unnest(%s::bigint[], %s::text[]) RETURNING id
"""
REFER = """
INSERT INTO threadreference (account_id, digest, thread_id)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[]) ON CONFLICT DO NOTHING
"""
# Above every id a sequence hands out.
_UNWRITTEN = 1 << 62


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


def digest(message_id: str) -> int:
    """The signed 64-bit number that stands for a Message-ID in the table."""
    return int.from_bytes(blake2b(message_id.encode(), digest_size=8).digest(), signed=True)


def assign(belongings: Sequence[Belonging]) -> list[int]:
    """Thread ids for messages about to be filed, in order; new conversations are made as needed.

    Runs inside the caller's transaction, after its mailbox locks. The advisory locks, taken in account order, keep
    two deliveries to different folders of one account from starting the same conversation twice. The number of
    statements does not depend on the number of messages.
    """
    if not belongings:
        return []
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(x) FROM (SELECT unnest(%s::bigint[]) AS x ORDER BY 1) AS account",
            [sorted({item.account_id for item in belongings})],
        )
    plan = _Plan(belongings)
    return plan.write([plan.place(item) for item in belongings])


class _Plan:
    """The conversations of a batch, each message seeing those before it. New ones have numbers above all others until
    they are written.
    """

    def __init__(self, belongings: Sequence[Belonging]) -> None:
        self._known, self._lengths = _known(belongings)
        self._new: list[tuple[int, str]] = []
        self._references: list[tuple[int, int, int]] = []

    def place(self, item: Belonging) -> int:
        """The message's conversation, for `write` to make true."""
        mentioned = [self._known.setdefault((item.account_id, number), {}) for number in item.mentioned]
        candidates = (
            thread for threads in mentioned for thread, subject in threads.items() if subject == item.base_subject
        )
        thread_id = max(candidates, default=0)
        if not thread_id or self._lengths.get(thread_id, 0) >= MAX_MESSAGES:
            thread_id = _UNWRITTEN + len(self._new)
            self._new.append((item.account_id, item.base_subject))
        self._lengths[thread_id] = self._lengths.get(thread_id, 0) + 1
        for number, threads in zip(item.mentioned, mentioned, strict=True):
            if thread_id not in threads:
                threads[thread_id] = item.base_subject
                self._references.append((item.account_id, number, thread_id))
        return thread_id

    def write(self, places: Sequence[int]) -> list[int]:
        """Make the new conversations and references; the ids that stand for `places`."""
        ids: list[int] = []
        if self._new:
            with connection.cursor() as cursor:
                cursor.execute(BEGIN, [list(column) for column in zip(*self._new, strict=True)])
                # In the order in which they were handed out, which is that of the array.
                ids = sorted(number for (number,) in cursor)
        final = {_UNWRITTEN + index: number for index, number in enumerate(ids)}
        if self._references:
            accounts, digests, threads = zip(*self._references, strict=True)
            with connection.cursor() as cursor:
                cursor.execute(REFER, [list(accounts), list(digests), [final.get(one, one) for one in threads]])
        return [final.get(place, place) for place in places]


def _known(belongings: Sequence[Belonging]) -> tuple[_Known, dict[int, int]]:
    """What the tables already hold, and how many messages the longest line of each conversation counts."""
    pairs = {(item.account_id, number) for item in belongings for number in item.mentioned}
    known: _Known = {}
    lengths: dict[int, int] = {}
    if not pairs:
        return known, lengths
    with connection.cursor() as cursor:
        cursor.execute(KNOWN, [list(column) for column in zip(*pairs, strict=True)])
        for account_id, number, thread_id, subject, length in cursor:
            known.setdefault((account_id, number), {})[thread_id] = subject
            lengths[thread_id] = length
    return known, lengths
