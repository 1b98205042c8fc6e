"""What a draft answers or passes on, and the ids that place it in a conversation (RFC 5322 §3.6.4)."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

from mailserver.errors import NotFound
from mailserver.mail.headers import Headers, message_ids, split_header
from mailserver.services import messages
from mailserver.store.models import Mailbox, Message
from mailserver.store.models.mailbox import Flag

REPLY, FORWARD = "reply", "forward"
FLAGS = {REPLY: Flag.ANSWERED, FORWARD: Flag.FORWARDED}

# Only in the draft, never in what is sent: another device then still knows what to mark.
FIELD = "X-Correio-Draft"
_VALUE = re.compile(r"(reply|forward) (\d{1,18})")
MAX_REFERENCES = 50


@dataclass(frozen=True, slots=True)
class Source:
    """The message a draft comes from: `kind` is 'reply' or 'forward', `message_id` its Message row."""

    kind: str
    message_id: int


@dataclass(frozen=True, slots=True)
class Ids:
    """Message-ID, In-Reply-To and References of a draft, without <>."""

    message_id: str
    in_reply_to: str
    references: list[str]


def header(source: Source | None) -> bytes:
    """The field a draft carries in front."""
    return f"{FIELD}: {source.kind} {source.message_id}\r\n".encode() if source else b""


def of(raw: bytes) -> Source | None:
    """The source a draft names, None for others."""
    headers = Headers(split_header(raw)[0])
    found = _VALUE.fullmatch(headers.get(FIELD).strip())
    return Source(found[1], int(found[2])) if found else None


def identity(account_id: int, sender: str, source: Source | None, before: Message | None) -> Ids:
    """The ids of a draft from the address `sender`: those of its last version, else new ones behind its source's."""
    if before is not None and before.message_id:
        headers = Headers(bytes(before.header_block))
        answered = message_ids(headers.get("in-reply-to"))
        return Ids(before.message_id, answered[0] if answered else "", message_ids(headers.get("references")))
    new = f"{secrets.token_hex(12)}@{sender.rpartition('@')[2] or 'localhost'}"
    message = _message(account_id, source)
    if source is None or message is None or not message.message_id:
        return Ids(new, "", [])
    path = list(dict.fromkeys([*message.references, message.message_id]))
    references = path if len(path) <= MAX_REFERENCES else [path[0], *path[1 - MAX_REFERENCES :]]
    return Ids(new, message.message_id if source.kind == REPLY else "", references)


def mark(*, account_id: int, source: Source) -> None:
    """Note on the source, wherever it lies, that it was answered or forwarded. A source that is gone is no error."""
    message = _message(account_id, source)
    if message is None:
        return
    for mailbox, entry in messages.locate(account_id, message.pk):
        messages.set_flags(account_id=account_id, mailbox_id=mailbox.pk, uids=[entry.uid], add=FLAGS[source.kind])


def answered(*, account_id: int, message_id: str) -> Source | None:
    """The source of a draft another program wrote: the message its In-Reply-To names."""
    if not message_id:
        return None
    rows = Message.objects.filter(account_id=account_id, message_id=message_id)
    rows = rows.filter(entries__isnull=False).exclude(entries__mailbox__special_use=Mailbox.Use.DRAFTS)
    found: Iterable[int] = rows.order_by("id").values_list("pk", flat=True)[:1]
    return next((Source(REPLY, number) for number in found), None)


def _message(account_id: int, source: Source | None) -> Message | None:
    if source is None:
        return None
    try:
        return messages.get(account_id, source.message_id)
    except NotFound:
        return None
