"""Which conversation a message belongs to.

Messages are joined by the ids they mention (Message-ID, In-Reply-To, References) as long as the base subject
(RFC 5256 §2.1) stays the same: a reply under a new subject starts a conversation, as people expect from Gmail.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from django.db import connection
from django.db.models import Max

from mailserver.store import rows
from mailserver.store.models import ThreadBox, ThreadReference

# (account, digest) → {thread id: base subject}
_Known = dict[tuple[int, int], dict[int, str]]

# A conversation longer than this is a mailing list's catch-all; the page could not show it and every delivery
# recomputes its line.
MAX_MESSAGES = 500

THREAD = {"id": "int8", "account_id": "int8", "base_subject": "text"}
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
        self._known = _known(belongings)
        self._lengths = _lengths({thread for threads in self._known.values() for thread in threads})
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
        ids = rows.numbers("thread", len(self._new))
        if ids:
            rows.copy("thread", THREAD, ((number, *new) for number, new in zip(ids, self._new, strict=True)))
        final = {_UNWRITTEN + index: number for index, number in enumerate(ids)}
        if self._references:
            accounts, digests, threads = zip(*self._references, strict=True)
            with connection.cursor() as cursor:
                cursor.execute(REFER, [list(accounts), list(digests), [final.get(one, one) for one in threads]])
        return [final.get(place, place) for place in places]


def _known(belongings: Sequence[Belonging]) -> _Known:
    """What the table already holds."""
    digests = {number for item in belongings for number in item.mentioned}
    accounts = {item.account_id for item in belongings}
    found = ThreadReference.objects.filter(account_id__in=accounts, digest__in=digests)
    fields = found.values_list("account_id", "digest", "thread_id", "thread__base_subject")
    known: _Known = {}
    for account_id, number, thread_id, subject in fields:
        known.setdefault((account_id, number), {})[thread_id] = subject
    return known


def _lengths(thread_ids: set[int]) -> dict[int, int]:
    """Messages of each conversation, as its longest line counts them."""
    if not thread_ids:
        return {}
    found = ThreadBox.objects.filter(thread_id__in=thread_ids).values_list("thread_id").annotate(n=Max("total"))
    return dict(found)
