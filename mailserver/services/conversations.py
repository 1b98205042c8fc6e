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

from mailserver.store.models import Thread, ThreadBox, ThreadReference

# (account, digest) → {thread id: base subject}
_Known = dict[tuple[int, int], dict[int, str]]

# A conversation longer than this is a mailing list's catch-all; the page could not show it and every delivery
# recomputes its line.
MAX_MESSAGES = 500


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
    two deliveries to different folders of one account from starting the same conversation twice.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(x) FROM (SELECT unnest(%s::bigint[]) AS x ORDER BY 1) AS account",
            [sorted({item.account_id for item in belongings})],
        )
    known = _known(belongings)
    return [_thread_of(item, known) for item in belongings]


def _known(belongings: Sequence[Belonging]) -> _Known:
    """What the table already holds."""
    digests = {number for item in belongings for number in item.mentioned}
    accounts = {item.account_id for item in belongings}
    rows = ThreadReference.objects.filter(account_id__in=accounts, digest__in=digests).values_list(
        "account_id", "digest", "thread_id", "thread__base_subject"
    )
    known: _Known = {}
    for account_id, number, thread_id, subject in rows:
        known.setdefault((account_id, number), {})[thread_id] = subject
    return known


def _thread_of(item: Belonging, known: _Known) -> int:
    candidates = {
        thread_id
        for number in item.mentioned
        for thread_id, subject in known.get((item.account_id, number), {}).items()
        if subject == item.base_subject
    }
    thread_id = max(candidates, default=0)
    if not thread_id or _is_full(thread_id):
        thread_id = Thread.objects.create(account_id=item.account_id, base_subject=item.base_subject).pk
    missing = [number for number in item.mentioned if thread_id not in known.get((item.account_id, number), {})]
    ThreadReference.objects.bulk_create(
        [ThreadReference(account_id=item.account_id, digest=number, thread_id=thread_id) for number in missing],
        ignore_conflicts=True,
    )
    for number in missing:
        known.setdefault((item.account_id, number), {})[thread_id] = item.base_subject
    return thread_id


def _is_full(thread_id: int) -> bool:
    longest = ThreadBox.objects.filter(thread_id=thread_id).aggregate(n=Max("total"))["n"] or 0
    return longest >= MAX_MESSAGES
