"""Final delivery: a message into the Inbox of each local recipient, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from mailserver.errors import NotFound, OverQuota
from mailserver.mail import trace
from mailserver.mail.message import Parsed, parse
from mailserver.mail.senderauth import authresults
from mailserver.mail.senderauth.results import Verdict
from mailserver.services import events, forwarding, reports
from mailserver.services.filing import Filed, Filing, file
from mailserver.services.recipients import Local, room
from mailserver.services.references import new_reference
from mailserver.services.routing import Onward
from mailserver.store import blobs
from mailserver.store.models import Blob, Event, Mailbox, Message
from mailserver.store.writer import MailboxWriter, writing


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message to deliver here and how it came. `sender` is "" for a bounce; `tls` is "" in clear.

    `verdict` tells how the sender was checked, None when it was not; `junk` files it as spam.
    `onward` are the addresses elsewhere that groups and forwards send it to (`routing`).
    """

    raw: bytes
    sender: str
    recipients: tuple[Local, ...]
    peer: str = ""
    helo: str = ""
    tls: str = ""
    protocol: str = "SMTP"
    at: datetime | None = None
    eight_bit: bool = False
    smtputf8: bool = False
    verdict: Verdict | None = None
    junk: bool = False
    onward: tuple[Onward, ...] = ()


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of one recipient; `duplicate` when this very message was in the account already."""

    recipient: str
    account_id: int
    message_id: int
    mailbox_id: int
    uid: int
    duplicate: bool


@dataclass(frozen=True, slots=True)
class Stored:
    """The answer to a delivery: the id told in the 250 reply, and one delivery for each recipient."""

    reference: str
    deliveries: tuple[Delivery, ...]


def deliver(incoming: Incoming, *, parsed: Parsed | None = None, within_quota: bool = False) -> Stored:
    """File a message in the Inbox of its recipients; returns after COMMIT (or inside the caller's transaction).

    An account that has these very octets under this Message-ID already keeps one copy: a sender that lost our 250,
    or was killed before it could note it, sends again. Raises NotFound if a recipient has no Inbox; with
    `within_quota` OverQuota if no recipient has room for it.
    """
    return deliver_all([incoming], parsed=[parsed or parse(incoming.raw)], within_quota=within_quota)[0]


def deliver_all(
    batch: Sequence[Incoming], *, parsed: Sequence[Parsed] | None = None, within_quota: bool = False
) -> list[Stored]:
    """Deliver several messages in one transaction, all or none; the answers in order."""
    parsed = parsed or [parse(incoming.raw) for incoming in batch]
    accounts = {recipient.account_id for incoming in batch for recipient in incoming.recipients}
    rows = Mailbox.objects.filter(account_id__in=accounts, special_use=Mailbox.Use.INBOX)
    inboxes = dict(rows.values_list("account_id", "id"))
    if len(inboxes) != len(accounts):
        raise NotFound("A recipient has no Inbox.")
    junk = _junk(batch, inboxes)
    with writing([*inboxes.values(), *junk.values()]) as writer:
        if within_quota:
            _check_room(batch)
        return [
            _file(writer, junk if incoming.junk else inboxes, incoming, parts)
            for incoming, parts in zip(batch, parsed, strict=True)
        ]


def _junk(batch: Sequence[Incoming], inboxes: Mapping[int, int]) -> dict[int, int]:
    """Where spam goes: the Inbox of those who have no folder for it; empty when none is in the batch."""
    accounts = {recipient.account_id for incoming in batch if incoming.junk for recipient in incoming.recipients}
    if not accounts:
        return {}
    rows = Mailbox.objects.filter(account_id__in=accounts, special_use=Mailbox.Use.JUNK)
    return {account_id: inboxes[account_id] for account_id in accounts} | dict(rows.values_list("account_id", "id"))


def _check_room(batch: Sequence[Incoming]) -> None:
    """Under the lock of the Inboxes, so that messages which come at once cannot share the same room.

    SMTP has one answer to a message for all its recipients: one with room is not harmed by another without.
    """
    for incoming in batch:
        if incoming.onward or not incoming.recipients:
            continue
        if not any(room(recipient.account_id) >= len(incoming.raw) for recipient in incoming.recipients):
            raise OverQuota("No recipient has room for this message.")


def _file(writer: MailboxWriter, inboxes: Mapping[int, int], incoming: Incoming, parsed: Parsed) -> Stored:
    reference, at = new_reference(), incoming.at or timezone.now()
    by_account: dict[int, Local] = {}
    for recipient in incoming.recipients:
        by_account.setdefault(recipient.account_id, recipient)
    # Text typed without any header needs the empty line that ends ours (RFC 5322 §2.1).
    gap = b"" if parsed.header_length else b"\r\n"
    (blob,) = blobs.put([incoming.raw])
    known = _already_here(blob, parsed, by_account)
    fresh = [recipient for account_id, recipient in by_account.items() if account_id not in known]
    filings = [
        Filing(
            mailbox_id=inboxes[recipient.account_id],
            blob=blob,
            parsed=parsed,
            at=at,
            prefix=_prefix(incoming, recipient, reference, at) + gap,
        )
        for recipient in fresh
    ]
    filed = dict(zip((recipient.account_id for recipient in fresh), file(writer, filings), strict=True))
    messages = known | {account_id: place.message_id for account_id, place in filed.items()}
    passed_on = forwarding.pass_on(incoming, blob=blob, parsed=parsed, messages=messages, at=at)
    if not fresh and not passed_on:
        blob.delete()
    deliveries = tuple(_delivery(recipient, filed, known) for recipient in incoming.recipients)
    for delivery in deliveries:
        _note(incoming, delivery, reference, at)
    for account_id, place in filed.items():
        reports.note_reports(
            account_id=account_id,
            message_id=place.message_id,
            parsed=parsed,
            raw=incoming.raw,
            sender=incoming.sender,
        )
    return Stored(reference, deliveries)


def _already_here(blob: Blob, parsed: Parsed, accounts: dict[int, Local]) -> dict[int, int]:
    """Account → message id, where the same octets were filed before and are still in a folder."""
    if not parsed.message_id:
        return {}
    rows = Message.objects.filter(
        account_id__in=accounts,
        message_id=parsed.message_id,
        blob__size=blob.size,
        blob__digest=blob.digest,
        prefix__gt=b"",  # one's own sent copy or draft is no delivery
        entries__isnull=False,
    ).exclude(blob_id=blob.pk)
    return dict(rows.values_list("account_id", "id"))


def _prefix(incoming: Incoming, recipient: Local, reference: str, at: datetime) -> bytes:
    return (
        trace.return_path(incoming.sender)
        + trace.delivered_to(recipient.address)
        + trace.received(
            helo=incoming.helo,
            peer=incoming.peer,
            by=settings.CORREIO.hostname,
            protocol=incoming.protocol,
            tls=incoming.tls,
            reference=reference,
            recipient=recipient.address,
            at=at,
        )
        + (authresults.write(incoming.verdict, settings.CORREIO.hostname) if incoming.verdict else b"")
    )


def _delivery(recipient: Local, filed: dict[int, Filed], known: dict[int, int]) -> Delivery:
    place = filed.get(recipient.account_id)
    if place is None:
        return Delivery(recipient.address, recipient.account_id, known[recipient.account_id], 0, 0, True)
    return Delivery(recipient.address, recipient.account_id, place.message_id, place.mailbox_id, place.uid, False)


def _note(incoming: Incoming, delivery: Delivery, reference: str, at: datetime) -> None:
    events.record(
        Event.Kind.STORED,
        account_id=delivery.account_id,
        message_id=delivery.message_id,
        reference=reference,
        recipient=delivery.recipient,
        at=at,
        sender=incoming.sender,
        peer=incoming.peer,
        helo=incoming.helo,
        tls=incoming.tls,
        protocol=incoming.protocol,
        size=len(incoming.raw),
        duplicate=delivery.duplicate,
        checks=incoming.verdict.summary() if incoming.verdict else None,
    )
