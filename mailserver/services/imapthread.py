"""IMAP THREAD (RFC 5256): the messages of a folder as a forest; mail/threadtree.py grows it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mailserver.mail import threadtree
from mailserver.mail.threadtree import Algorithm, Item, Thread
from mailserver.services import mailboxes
from mailserver.services.imapsort import read

_COLUMNS = ("m.message_id", 'm."references"', "m.subject", "m.sent_at", "e.at")
# Ids mentioned by all messages together: letters mention a few each, a forged one two hundred.
_MOST, _FEW = 2_000_000, 5


def threads(account_id: int, mailbox_id: int, uids: Iterable[int], algorithm: Algorithm) -> tuple[Thread, ...]:
    """The threads of these messages, as far as they are there, by UID. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    rows = read(account_id, mailbox_id, uids, _COLUMNS)
    few = sum(len(row[2]) for row in rows) > _MOST
    items = [
        Item(uid, message_id, _mentioned(references, few), subject, sent_at or at, at)
        for uid, message_id, references, subject, sent_at, at in rows
    ]
    return threadtree.threads(items, algorithm)


def _mentioned(references: Sequence[str], few: bool) -> Sequence[str]:
    """References, or where there are none, In-Reply-To. The store keeps that behind References in any case: it counts
    where References do not have it, as that of a sender who cut them."""
    if references and references[-1] in references[:-1]:
        references = references[:-1]
    return references[-_FEW:] if few else references
