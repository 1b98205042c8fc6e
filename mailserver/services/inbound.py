"""Final delivery: a message into the Inbox of each local recipient, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction

from mailserver.errors import NotFound, OverQuota
from mailserver.mail.message import Parsed, parse
from mailserver.mail.senderauth.results import Verdict
from mailserver.mail.spam.judgement import Judgement, Reason
from mailserver.services import duplicates, events, filing, forwarding, recipients, reports, tls_reports_received
from mailserver.services.arrival import Arrival
from mailserver.services.duplicates import Copy
from mailserver.services.filing import Ahead, Filing
from mailserver.services.recipients import Local
from mailserver.services.routing import Onward
from mailserver.store import blobs, rows
from mailserver.store.exchange import Exchange
from mailserver.store.models import Event, Mailbox
from mailserver.store.writer import MailboxWriter, lock_for


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message to deliver here and how it came. `sender` is "" for a bounce; `tls` is "" in clear.

    `verdict` tells how the sender was checked, None when it was not; `found` what blocklists and scanners said; `junk`
    files it as spam for all, `judgements` (by account) for those who are meant (`scoring`).
    `onward` are the addresses elsewhere that groups and forwards send it to (`routing`), `envelope_id` and
    `full_return` what the sender wished for all (RFC 3461); `require_tls` goes with it.
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
    found: tuple[Reason, ...] = ()
    junk: bool = False
    judgements: Mapping[int, Judgement] = field(default_factory=dict)
    onward: tuple[Onward, ...] = ()
    envelope_id: str = ""
    full_return: bool | None = None
    require_tls: bool = False

    def is_spam_for(self, account_id: int) -> bool:
        """Whether the message goes to the account's folder for spam."""
        judgement = self.judgements.get(account_id)
        return self.junk or (judgement is not None and judgement.action != "inbox")


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
    batch: Sequence[Incoming],
    *,
    parsed: Sequence[Parsed] | None = None,
    within_quota: bool = False,
    then: Callable[[Sequence[Stored]], Exchange] | None = None,
) -> list[Stored]:
    """Deliver several messages in one transaction, all or none; the answers in order.

    As if they came one after the other, but what they change in a mailbox is one change. The number of statements
    does not depend on the number of messages, apart from those passed on and from reports. Two exchanges with the
    database do it, and COMMIT: all that is asked, with the locks, and all that is written. What `then` notes of the
    answers goes along (`Exchange.send`).
    """
    # Reading and hashing come before the locks.
    parsed = parsed or [parse(incoming.raw) for incoming in batch]
    octets = blobs.describe([incoming.raw for incoming in batch])
    arrivals = [Arrival(*each) for each in zip(batch, parsed, octets, strict=True)]
    accounts = {recipient.account_id for incoming in batch for recipient in incoming.recipients}
    with transaction.atomic():
        exchange = Exchange()
        held = lock_for(exchange, accounts, _spammed(batch))
        asked = _Asked(exchange, arrivals, accounts if within_quota else ())
        exchange.send()
        writer = MailboxWriter(held)
        boxes = _Boxes(writer, accounts)
        _sort_out(arrivals, asked.known(), asked.rooms())
        _file(writer, arrivals, boxes, asked)
        _pass_on(writer, arrivals)
        stored = [_stored(arrival) for arrival in arrivals]
        _note(writer, arrivals, stored)
        writer.finish(then(stored) if then else None)
    return stored


class _Asked:
    """What is to be known of a batch once its mailboxes are held; `limited` are the accounts whose quota counts."""

    def __init__(self, exchange: Exchange, arrivals: Sequence[Arrival], limited: Collection[int]) -> None:
        copies = [(arrival, account_id) for arrival in arrivals for account_id in arrival.people]
        self._limited = limited
        self._rooms = recipients.ask_rooms(exchange, limited) if limited else None
        wanted = {arrival.copy(account_id) for arrival, account_id in copies if arrival.parsed.message_id}
        self._known = duplicates.ask(exchange, wanted)
        self.ahead = Ahead(exchange, [filing.belonging(account_id, arrival.parsed) for arrival, account_id in copies])
        self._blobs = rows.numbers(exchange, ["blob"], len(arrivals))

    def rooms(self) -> dict[int, int]:
        """Account → octets; empty when no quota counts. Raises NotFound."""
        return recipients.found_rooms(self._rooms, self._limited) if self._rooms else {}

    def known(self) -> dict[Copy, int]:
        """Copies that are in their accounts already, with the id of the message."""
        return duplicates.found(self._known)

    def blob_numbers(self) -> Iterable[int]:
        return (number for (number,) in self._blobs.rows)


class _Boxes:
    """Where mail and spam go, by account. Raises NotFound."""

    def __init__(self, writer: MailboxWriter, accounts: Collection[int]) -> None:
        self._found = {(box.account_id, box.special_use): box.id for box in writer.boxes.values()}
        if any((account_id, Mailbox.Use.INBOX) not in self._found for account_id in accounts):
            raise NotFound("A recipient has no Inbox.")

    def of(self, incoming: Incoming, account_id: int) -> int:
        """Spam goes to the Inbox of those who have no folder for it."""
        inbox = self._found[account_id, Mailbox.Use.INBOX]
        return self._found.get((account_id, Mailbox.Use.JUNK), inbox) if incoming.is_spam_for(account_id) else inbox


def _spammed(batch: Sequence[Incoming]) -> set[int]:
    """The accounts that get spam: the folders for it of the others are not locked."""
    return {
        recipient.account_id
        for incoming in batch
        for recipient in incoming.recipients
        if incoming.is_spam_for(recipient.account_id)
    }


def _sort_out(arrivals: Sequence[Arrival], known: Mapping[Copy, int], rooms: dict[int, int]) -> None:
    """Say which copies are to be filed. `rooms`: account → octets; empty when no quota counts.

    Under the lock of the Inboxes, so that messages which come at once cannot share the same room.
    """
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


def _file(writer: MailboxWriter, arrivals: Sequence[Arrival], boxes: _Boxes, asked: _Asked) -> None:
    kept = [arrival.blob for arrival in arrivals if arrival.prefixes or arrival.incoming.onward]
    blobs.keep(writer.later, kept, asked.blob_numbers())
    copies = [(arrival, account_id) for arrival in arrivals for account_id in arrival.prefixes]
    filings = [
        Filing(
            mailbox_id=boxes.of(arrival.incoming, account_id),
            blob=arrival.blob,
            parsed=arrival.parsed,
            at=arrival.at,
            prefix=arrival.prefixes[account_id],
        )
        for arrival, account_id in copies
    ]
    first: dict[Copy, int] = {}
    for (arrival, account_id), place in zip(copies, filing.note(writer, filings, asked.ahead), strict=True):
        arrival.filed[account_id] = place
        first[arrival.copy(account_id)] = place.message_id
    for arrival in arrivals:
        for account_id in arrival.people.keys() - arrival.messages.keys():
            arrival.known[account_id] = first[arrival.copy(account_id)]


def _pass_on(writer: MailboxWriter, arrivals: Iterable[Arrival]) -> None:
    for arrival in arrivals:
        if not arrival.incoming.onward:
            continue
        writer.flush()
        blob, parsed = arrival.blob, arrival.parsed
        queued = forwarding.pass_on(
            arrival.incoming, blob=blob, parsed=parsed, messages=arrival.messages, at=arrival.at
        )
        if not arrival.filed and not queued:
            blob.delete()


def _note(writer: MailboxWriter, arrivals: Sequence[Arrival], stored: Sequence[Stored]) -> None:
    told = zip(arrivals, stored, strict=True)
    steps = [_step(arrival, delivery) for arrival, answer in told for delivery in answer.deliveries]
    events.record_all(writer.later, Event.Kind.STORED, steps)
    for arrival in arrivals:
        tls_reports_received.note(arrival)
        if not arrival.filed or not reports.may_be(arrival.parsed, arrival.incoming.sender):
            continue
        writer.flush()
        for account_id, place in arrival.filed.items():
            reports.note_reports(
                account_id=account_id,
                message_id=place.message_id,
                parsed=arrival.parsed,
                raw=arrival.incoming.raw,
                peer=arrival.incoming.peer,
                verdict=arrival.incoming.verdict,
                from_here=arrival.incoming.protocol == "LOCAL",
            )


def _step(arrival: Arrival, delivery: Delivery) -> events.Step:
    detail = arrival.detail(delivery.account_id) | {"duplicate": delivery.duplicate}
    return events.Step(
        account_id=delivery.account_id,
        message_id=delivery.message_id,
        reference=arrival.reference,
        recipient=delivery.recipient,
        at=arrival.at,
        detail=detail,
    )


def _stored(arrival: Arrival) -> Stored:
    return Stored(arrival.reference, tuple(_delivery(arrival, each) for each in arrival.incoming.recipients))


def _delivery(arrival: Arrival, recipient: Local) -> Delivery:
    place = arrival.filed.get(recipient.account_id)
    if place is None:
        known = arrival.known[recipient.account_id]
        return Delivery(recipient.address, recipient.account_id, known, 0, 0, True)
    return Delivery(recipient.address, recipient.account_id, place.message_id, place.mailbox_id, place.uid, False)
