"""Entries in the outgoing queue, as submission makes them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from mailserver.mail.message import parse
from mailserver.services import mailboxes, messages
from mailserver.services.references import new_reference
from mailserver.store import blobs
from mailserver.store.models import Account, Message, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag
from tests.support.mail import message

RECEIVED = b"Received: from page by crepes.fr with ESMTPSA id ABC; Mon, 23 Nov 2026 10:00:00 +0000\r\n"


def queued(
    account: Account,
    *addresses: str,
    raw: bytes | None = None,
    sender: str | None = None,
    at: datetime | None = None,
    notify: str = "",
    sent_copy: bool = False,
    **parts: Any,
) -> QueueEntry:
    """An entry of `account` for the addresses, due `at` (now). `sent_copy` files one in Sent as the page does."""
    at = at or timezone.now()
    own = f"{account.name} <{account.address}>"
    raw = raw or message(**{"sender": own, "to": ", ".join(addresses), **parts})
    parsed = parse(raw)
    copy = filed_in_sent(account, raw) if sent_copy else None
    entry = QueueEntry.objects.create(
        reference=new_reference(),
        account=account,
        sender=account.address if sender is None else sender,
        blob=copy.blob if copy else blobs.put([raw])[0],
        sent_copy=copy,
        prefix=RECEIVED,
        message_id=parsed.message_id,
        subject=parsed.subject,
        size=len(raw),
        not_before=at,
    )
    for address in addresses:
        QueueRecipient.objects.create(
            entry=entry,
            address=address,
            domain=address.rpartition("@")[2],
            next_attempt_at=at,
            notify=notify,
        )
    return entry


def filed_in_sent(account: Account, raw: bytes) -> Message:
    """What the page keeps of a message it sends."""
    sent = mailboxes.by_use(account.pk, "sent")
    filed = messages.append(account_id=account.pk, mailbox_id=sent.pk, raw=raw, flags=Flag.SEEN)
    return messages.get(account.pk, filed.message_id)


def only(entry: QueueEntry) -> QueueRecipient:
    return entry.recipients.get()


def notes(entry: QueueEntry) -> list[str]:
    return [text for attempt in entry.attempts.all() for _, side, text in attempt.transcript if side == "note"]
