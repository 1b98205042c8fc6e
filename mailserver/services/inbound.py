"""Final delivery: a message into the Inbox of each local recipient, in one transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import connection
from django.utils import timezone

from mailserver.errors import NotFound, OverQuota
from mailserver.mail import trace
from mailserver.mail.message import Parsed, parse
from mailserver.mail.senderauth import authresults
from mailserver.mail.senderauth.results import Verdict
from mailserver.services import duplicates, events, forwarding, recipients, reports
from mailserver.services.duplicates import Copy
from mailserver.services.filing import Filed, Filing, file
from mailserver.services.recipients import Local
from mailserver.services.references import new_reference
from mailserver.services.routing import Onward
from mailserver.store import blobs
from mailserver.store.models import Blob, Event, Mailbox
from mailserver.store.writer import MailboxWriter, writing

BOXES = "SELECT account_id, special_use, id FROM mailbox WHERE account_id = ANY(%s) AND special_use = ANY(%s)"


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
    """Deliver several messages in one transaction, all or none; the answers in order.

    As if they came one after the other, but what they change in a mailbox is one change. The number of statements
    does not depend on the number of messages, apart from those passed on and from reports.
    """
    # Reading and hashing come before the locks.
    parsed = parsed or [parse(incoming.raw) for incoming in batch]
    octets = blobs.describe([incoming.raw for incoming in batch])
    arrivals = [_Arrival(*each) for each in zip(batch, parsed, octets, strict=True)]
    accounts = {recipient.account_id for incoming in batch for recipient in incoming.recipients}
    inboxes, junk = _boxes(accounts)
    used = {recipient.account_id for incoming in batch if incoming.junk for recipient in incoming.recipients}
    with writing([*inboxes.values(), *(junk[account_id] for account_id in used)]) as writer:
        _sort_out(arrivals, recipients.rooms(accounts) if within_quota else {})
        _file(writer, arrivals, inboxes, junk)
        _pass_on(arrivals)
        _note(arrivals)
    return [arrival.stored for arrival in arrivals]


class _Arrival:
    """A message on its way into the mailboxes, and what became of it."""

    def __init__(self, incoming: Incoming, parsed: Parsed, blob: Blob) -> None:
        self.incoming, self.parsed, self.blob = incoming, parsed, blob
        self.reference, self.at = new_reference(), incoming.at or timezone.now()
        self.people: dict[int, Local] = {}
        for recipient in incoming.recipients:
            self.people.setdefault(recipient.account_id, recipient)
        # By account: the trace of a copy to file, where it went, and the copy that was there before.
        self.prefixes: dict[int, bytes] = {}
        self.filed: dict[int, Filed] = {}
        self.known: dict[int, int] = {}

    def copy(self, account_id: int) -> Copy:
        return Copy(account_id, self.parsed.message_id, self.blob.size, bytes(self.blob.digest))

    def prefix(self, recipient: Local) -> bytes:
        # Text typed without any header needs the empty line that ends ours (RFC 5322 §2.1).
        gap = b"" if self.parsed.header_length else b"\r\n"
        return _prefix(self.incoming, recipient, self.reference, self.at) + gap

    @property
    def messages(self) -> dict[int, int]:
        """Account → message id."""
        return self.known | {account_id: place.message_id for account_id, place in self.filed.items()}

    @property
    def stored(self) -> Stored:
        return Stored(self.reference, tuple(map(self._delivery, self.incoming.recipients)))

    def _delivery(self, recipient: Local) -> Delivery:
        place = self.filed.get(recipient.account_id)
        if place is None:
            known = self.known[recipient.account_id]
            return Delivery(recipient.address, recipient.account_id, known, 0, 0, True)
        return Delivery(recipient.address, recipient.account_id, place.message_id, place.mailbox_id, place.uid, False)


def _boxes(accounts: Collection[int]) -> tuple[dict[int, int], dict[int, int]]:
    """Where mail and spam go, by account; spam to the Inbox of those who have no folder for it. Raises NotFound."""
    with connection.cursor() as cursor:
        cursor.execute(BOXES, [list(accounts), [Mailbox.Use.INBOX.value, Mailbox.Use.JUNK.value]])
        found = {(account_id, use): mailbox_id for account_id, use, mailbox_id in cursor}
    inboxes = {account_id: found[account_id, use] for account_id, use in found if use == Mailbox.Use.INBOX}
    if len(inboxes) != len(accounts):
        raise NotFound("A recipient has no Inbox.")
    return inboxes, {one: found.get((one, Mailbox.Use.JUNK), inbox) for one, inbox in inboxes.items()}


def _sort_out(arrivals: Sequence[_Arrival], rooms: dict[int, int]) -> None:
    """Say which copies are to be filed. `rooms`: account → octets; empty when no quota counts.

    Under the lock of the Inboxes, so that messages which come at once cannot share the same room.
    """
    wanted = {one.copy(account_id) for one in arrivals if one.parsed.message_id for account_id in one.people}
    known = duplicates.find(wanted)
    before: set[Copy] = set()
    for arrival in arrivals:
        if rooms:
            _check_room(arrival.incoming, rooms)
        for account_id, recipient in arrival.people.items():
            copy = arrival.copy(account_id)
            if copy in known:
                arrival.known[account_id] = known[copy]
            elif copy not in before:
                arrival.prefixes[account_id] = arrival.prefix(recipient)
                if rooms:
                    rooms[account_id] -= len(arrival.prefixes[account_id]) + arrival.blob.size
            # Sent again while the first is in the same batch: `_file` knows which that is.
            if copy.message_id:
                before.add(copy)


def _check_room(incoming: Incoming, rooms: Mapping[int, int]) -> None:
    """SMTP has one answer to a message for all its recipients: one with room is not harmed by another without."""
    if incoming.onward or not incoming.recipients:
        return
    if not any(max(0, rooms[recipient.account_id]) >= len(incoming.raw) for recipient in incoming.recipients):
        raise OverQuota("No recipient has room for this message.")


def _file(
    writer: MailboxWriter, arrivals: Sequence[_Arrival], inboxes: Mapping[int, int], junk: Mapping[int, int]
) -> None:
    blobs.keep([arrival.blob for arrival in arrivals if arrival.prefixes or arrival.incoming.onward])
    copies = [(arrival, account_id) for arrival in arrivals for account_id in arrival.prefixes]
    filings = [
        Filing(
            mailbox_id=(junk if arrival.incoming.junk else inboxes)[account_id],
            blob=arrival.blob,
            parsed=arrival.parsed,
            at=arrival.at,
            prefix=arrival.prefixes[account_id],
        )
        for arrival, account_id in copies
    ]
    first: dict[Copy, int] = {}
    for (arrival, account_id), place in zip(copies, file(writer, filings), strict=True):
        arrival.filed[account_id] = place
        first[arrival.copy(account_id)] = place.message_id
    for arrival in arrivals:
        for account_id in arrival.people.keys() - arrival.messages.keys():
            arrival.known[account_id] = first[arrival.copy(account_id)]


def _pass_on(arrivals: Iterable[_Arrival]) -> None:
    for arrival in arrivals:
        if not arrival.incoming.onward:
            continue
        blob, parsed = arrival.blob, arrival.parsed
        queued = forwarding.pass_on(
            arrival.incoming, blob=blob, parsed=parsed, messages=arrival.messages, at=arrival.at
        )
        if not arrival.filed and not queued:
            blob.delete()


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


def _note(arrivals: Sequence[_Arrival]) -> None:
    steps = [_step(arrival, delivery) for arrival in arrivals for delivery in arrival.stored.deliveries]
    events.record_all(Event.Kind.STORED, steps)
    for arrival in arrivals:
        for account_id, place in arrival.filed.items():
            reports.note_reports(
                account_id=account_id,
                message_id=place.message_id,
                parsed=arrival.parsed,
                raw=arrival.incoming.raw,
                sender=arrival.incoming.sender,
            )


def _step(arrival: _Arrival, delivery: Delivery) -> events.Step:
    incoming = arrival.incoming
    return events.Step(
        account_id=delivery.account_id,
        message_id=delivery.message_id,
        reference=arrival.reference,
        recipient=delivery.recipient,
        at=arrival.at,
        detail={
            "sender": incoming.sender,
            "peer": incoming.peer,
            "helo": incoming.helo,
            "tls": incoming.tls,
            "protocol": incoming.protocol,
            "size": len(incoming.raw),
            "duplicate": delivery.duplicate,
            "checks": incoming.verdict.summary() if incoming.verdict else None,
        },
    )
