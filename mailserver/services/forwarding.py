"""Passing a message on: queue entries for what groups and forwards send elsewhere, in the transaction that files it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from django.conf import settings

from mailserver.mail import submitted, trace
from mailserver.mail.message import Parsed
from mailserver.services import events, queue, rewriting
from mailserver.services.references import new_reference
from mailserver.services.routing import Onward
from mailserver.store.models import Blob, Event, QueueEntry, QueueRecipient

if TYPE_CHECKING:
    from mailserver.services.inbound import Incoming


def pass_on(
    incoming: Incoming, *, blob: Blob, parsed: Parsed, messages: Mapping[int, int], at: datetime
) -> list[QueueEntry]:
    """Queue a message for the addresses of `incoming.onward` that have not had it; part of the caller's transaction.

    `messages`: account id → message id of the copies filed here, whose paths tell of it. Recipients that are reached
    through the same addresses share an entry, for they share its marks.
    """
    groups: dict[tuple[str, ...], list[Onward]] = defaultdict(list)
    for onward in _fresh(incoming.onward, blob, parsed):
        groups[onward.through].append(onward)
    return [_queue(incoming, group, blob, parsed, messages, at) for group in groups.values()]


def _fresh(onward: Sequence[Onward], blob: Blob, parsed: Parsed) -> Iterable[Onward]:
    """Without those the same octets were queued for before: a sender that lost our 250 sends again.

    What could not be delivered or was cancelled does not count: then it is a new try.
    """
    if not onward or not parsed.message_id:
        return onward
    rows = QueueRecipient.objects.filter(
        entry__account=None,
        entry__message_id=parsed.message_id,
        entry__blob__size=blob.size,
        entry__blob__digest=blob.digest,
        state__in=(*QueueRecipient.OPEN, QueueRecipient.State.DELIVERED),
    )
    known = set(rows.values_list("address", flat=True))
    return [one for one in onward if one.address not in known]


def _queue(
    incoming: Incoming,
    onward: Sequence[Onward],
    blob: Blob,
    parsed: Parsed,
    messages: Mapping[int, int],
    at: datetime,
) -> QueueEntry:
    through, reference = onward[0].through, new_reference()
    prefix = _trace(incoming, through, reference, at) + (b"" if parsed.header_length else b"\r\n")
    entry = QueueEntry.objects.create(
        reference=reference,
        sender=rewriting.sender_for(incoming.sender, through[-1].rpartition("@")[2]) if through else "",
        blob=blob,
        prefix=prefix,
        message_id=parsed.message_id,
        subject=parsed.subject,
        size=len(prefix) + blob.size,
        eight_bit=incoming.eight_bit or not incoming.raw.isascii(),
        smtputf8=incoming.smtputf8 and submitted.needs_smtputf8(incoming.raw),
        envelope_id=incoming.envelope_id,
        full_return=incoming.full_return,
        require_tls=incoming.require_tls,
        not_before=at,
    )
    QueueRecipient.objects.bulk_create(
        QueueRecipient(
            entry=entry,
            address=one.address,
            domain=one.domain,
            next_attempt_at=at,
            notify=one.notify,
            # RFC 3464 §2.3.1: a report names the address its reader wrote to.
            original_recipient=one.original or (f"rfc822;{through[0]}" if through else ""),
        )
        for one in onward
    )
    _note(incoming, entry, onward, messages, at)
    queue.wake({one.domain for one in onward})
    return entry


def _trace(incoming: Incoming, through: Sequence[str], reference: str, at: datetime) -> bytes:
    """The marks, and what came before: the message goes on with the Received field every server adds."""
    marks = b"".join(trace.delivered_to(name) for name in reversed(through))
    return marks + trace.received(
        helo=incoming.helo,
        peer=incoming.peer,
        by=settings.CORREIO.hostname,
        protocol=incoming.protocol,
        tls=incoming.tls,
        reference=reference,
        recipient=through[0] if through else "",
        at=at,
    )


def _note(
    incoming: Incoming, entry: QueueEntry, onward: Sequence[Onward], messages: Mapping[int, int], at: datetime
) -> None:
    events.record(
        Event.Kind.SUBMITTED,
        entry_id=entry.pk,
        reference=entry.reference,
        at=at,
        sender=incoming.sender,
        peer=incoming.peer,
        helo=incoming.helo,
        tls=incoming.tls,
        protocol=incoming.protocol,
        size=entry.size,
        through=list(onward[0].through),
    )
    events.record(Event.Kind.QUEUED, entry_id=entry.pk, reference=entry.reference, at=at, recipients=len(onward))
    for one in onward:
        if one.instead and one.instead.account_id in messages:
            events.record(
                Event.Kind.FORWARDED,
                account_id=one.instead.account_id,
                message_id=messages[one.instead.account_id],
                entry_id=entry.pk,
                recipient=one.address,
                at=at,
            )
