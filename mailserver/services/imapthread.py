"""IMAP THREAD (RFC 5256): the messages of a folder as a forest; mail/threadtree.py grows it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from mailserver.mail import threadtree
from mailserver.mail.envelope import in_reply_to
from mailserver.mail.headers import message_ids
from mailserver.mail.threadtree import Algorithm, Item, Thread
from mailserver.services import mailboxes
from mailserver.services.imapsort import read

# The store keeps the id of In-Reply-To behind those of References, as its last one. Where it was not among them, only
# the ENVELOPE tells whether it is In-Reply-To, which is so of few messages.
_REFERENCES = 'm."references"'
_LAST = 'array_upper(m."references", 1)'
_ENVELOPE = f"""
CASE WHEN {_LAST} > 1 AND {_REFERENCES}[{_LAST}] <> ALL({_REFERENCES}[1:{_LAST} - 1]) THEN m.envelope END"""
_COLUMNS = ("m.message_id", _REFERENCES, "m.subject", "m.sent_at", "e.at", _ENVELOPE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(@.*)', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)
# Ids mentioned by all messages together: letters mention a few each, a forged one two hundred.
_MOST, _FEW = 2_000_000, 5


def threads(account_id: int, mailbox_id: int, uids: Iterable[int], algorithm: Algorithm) -> tuple[Thread, ...]:
    """The threads of these messages, as far as they are there, by UID. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    rows = read(account_id, mailbox_id, uids, _COLUMNS)
    few = sum(len(row[2]) for row in rows) > _MOST
    items = [
        Item(
            uid,
            _normal(message_id) if _is_id(message_id) else "",
            _mentioned(references, envelope, few),
            subject,
            sent_at or at,
            at,
        )
        for uid, message_id, references, subject, sent_at, at, envelope in rows
    ]
    return threadtree.threads(items, algorithm)


def _mentioned(references: Sequence[str], envelope: bytes | None, few: bool) -> Sequence[str]:
    """References, or where they name nothing, the first id of In-Reply-To."""
    if len(references) > 1 and (references[-1] in references[:-1] or _has_in_reply_to(envelope)):
        references = references[:-1]
    return [_normal(name) for name in (references[-_FEW:] if few else references) if _is_id(name)]


def _has_in_reply_to(envelope: bytes | None) -> bool:
    return envelope is not None and bool(message_ids(in_reply_to(bytes(envelope))))


def _is_id(name: str) -> bool:
    """Not a word of `In-Reply-To: Your message of Friday`, which a hundred messages may have."""
    return "@" in name


def _normal(name: str) -> str:
    """An id without quotes (RFC 5256 §3): `"a"@x` is `a@x`."""
    found = _QUOTED.fullmatch(name) if name[:1] == '"' else None
    return _PAIR.sub(r"\1", found[1]) + found[2] if found else name
