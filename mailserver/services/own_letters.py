"""Messages that this server itself writes to others, put into the queue: signed, with the null sender."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailserver.mail import addresses
from mailserver.mail.message import parse
from mailserver.services import dkimkeys, events, queue
from mailserver.services.references import new_reference
from mailserver.store import blobs
from mailserver.store.models import Event, QueueEntry, QueueRecipient


def send(raw: bytes, recipient: str, *, at: datetime) -> QueueEntry:
    """Queue a message for one address; part of the caller's transaction. Raises InvalidName.

    Nobody is told when it cannot be delivered: there is no person behind it.
    """
    address, parsed = addresses.parse(recipient), parse(raw)
    prefix = dkimkeys.signature(raw, parsed.sender.address) if parsed.sender else b""
    (blob,) = blobs.put([raw])
    entry = QueueEntry.objects.create(
        reference=new_reference(),
        sender="",
        blob=blob,
        prefix=prefix,
        message_id=parsed.message_id,
        subject=parsed.subject,
        size=len(prefix) + blob.size,
        eight_bit=not raw.isascii(),
        not_before=at,
    )
    QueueRecipient.objects.create(entry=entry, address=str(address), domain=address.domain, next_attempt_at=at)
    came: dict[str, Any] = {"sender": "", "peer": "", "helo": "", "tls": "", "protocol": "LOCAL", "size": entry.size}
    events.record(Event.Kind.SUBMITTED, entry_id=entry.pk, reference=entry.reference, at=at, **came)
    events.record(Event.Kind.QUEUED, entry_id=entry.pk, reference=entry.reference, at=at, recipients=1)
    queue.wake({address.domain})
    return entry
