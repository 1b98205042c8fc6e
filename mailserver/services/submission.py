"""Mail of our own people on its way out: rights checked, put into the queue, and the sent copy filed, at once or not
at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone

from mailserver.errors import InvalidName, NotFound, NotPermitted, TooManyRecipients
from mailserver.mail import addresses, submitted, trace
from mailserver.mail.addresses import Address, base_local
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.message import Parsed, parse
from mailserver.mail.submitted import Submitted as Content
from mailserver.services import acquaintances, alarms, dkimkeys, events, mailboxes, queue, sendinglimits, suppressed
from mailserver.services.filing import Filing, file
from mailserver.services.references import new_reference
from mailserver.store import blobs
from mailserver.store.models import Address as AddressRow
from mailserver.store.models import Blob, Event, Mailbox, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import MailboxWriter, writing

MAX_RECIPIENTS = 500


@dataclass(frozen=True, slots=True)
class SubmittedRecipient:
    """A recipient with its wishes of RFC 3461: NOTIFY and ORCPT, "" when there are none."""

    address: str
    notify: str = ""
    original_recipient: str = ""


@dataclass(frozen=True, slots=True)
class Submitted:
    """The number told in the 250 reply, and the queue entry behind it."""

    reference: str
    entry_id: int


@dataclass(frozen=True, slots=True)
class Envelope:
    """What came with the content of a submission; `sender` is "" for a read receipt."""

    account_id: int
    sender: str
    recipients: Sequence[SubmittedRecipient]
    eight_bit: bool
    smtputf8: bool
    peer: str
    helo: str
    tls: str
    protocol: str
    draft: tuple[int, int] | None
    composed_at: datetime | None
    release_at: datetime | None
    envelope_id: str
    full_return: bool | None
    require_tls: bool


def submit(
    *,
    account_id: int,
    sender: str,
    recipients: Sequence[SubmittedRecipient],
    raw: bytes,
    eight_bit: bool = False,
    smtputf8: bool = False,
    peer: str = "",
    helo: str = "",
    tls: str = "",
    protocol: str = "ESMTPSA",
    draft: tuple[int, int] | None = None,
    composed_at: datetime | None = None,
    release_at: datetime | None = None,
    envelope_id: str = "",
    full_return: bool | None = None,
    require_tls: bool = False,
) -> Submitted:
    """Queue a message; returns after COMMIT.

    `composed_at` is when Send was pressed on the page. From there the copy with its Bcc goes to Sent and the `draft`
    (mailbox id, UID) it was written in goes away: a draft that is gone has been sent before, and is not sent twice.
    `release_at` is the moment before which nothing leaves (RFC 4865).
    Raises NotPermitted (MAIL FROM, From or Sender is not of this account), TooManyRecipients, SendingLimit, InvalidName
    (a recipient), MessageRefused, NotFound (draft).
    """
    envelope = Envelope(
        account_id=account_id,
        sender=sender,
        recipients=recipients,
        eight_bit=eight_bit,
        smtputf8=smtputf8,
        peer=peer,
        helo=helo,
        tls=tls,
        protocol=protocol,
        draft=draft,
        composed_at=composed_at,
        release_at=release_at,
        envelope_id=envelope_id,
        full_return=full_return,
        require_tls=require_tls,
    )
    targets = _targets(recipients)
    _check_rights(account_id, sender, raw)
    at = timezone.now()
    content = submitted.prepare(raw, sender=sender, domain=_domain(sender), at=at)
    parsed = parse(content.kept)
    signature = dkimkeys.signature(content.outgoing, parsed.sender.address) if parsed.sender else b""
    with writing(_folders(envelope)) as writer:
        usage = sendinglimits.count(account_id, [target.domain for target in targets], peer, at)
        held = alarms.watch(account_id, usage, at)
        done = _queue(writer, envelope, targets, content, parsed, at, signature)
        if held:
            alarms.hold_waiting(account_id)
        return done


def may_send_as(*, account_id: int, address: Address) -> bool:
    """Whether the address, or what stands before its `+detail`, belongs to the account, and the account is on."""
    rows = AddressRow.objects.filter(account_id=account_id, enabled=True, domain__name=address.domain)
    rows = rows.filter(account__is_active=True)
    wanted = {address.local.lower(), base_local(address.local).lower()}
    return any(local.lower() in wanted for local in rows.values_list("local_part", flat=True))


def _targets(recipients: Sequence[SubmittedRecipient]) -> dict[Address, SubmittedRecipient]:
    """Each recipient once. Raises TooManyRecipients, InvalidName."""
    if len(recipients) > MAX_RECIPIENTS:
        raise TooManyRecipients(f"A message can have at most {MAX_RECIPIENTS} recipients.")
    if not recipients:
        raise InvalidName("The message has no recipient.")
    targets: dict[Address, SubmittedRecipient] = {}
    for recipient in recipients:
        targets.setdefault(addresses.parse(recipient.address), recipient)
    return targets


def _check_rights(account_id: int, sender: str, raw: bytes) -> None:
    authors = submitted.authors(raw)
    if not authors.writers and (authors.named or not sender):
        raise NotPermitted("The message has no From.")
    people = [person for person in (*authors.writers, *authors.senders) if not _is_own(account_id, person)]
    if people:
        raise NotPermitted(f"{people[0].address or people[0].name} is not an address of yours.")
    if sender and not may_send_as(account_id=account_id, address=addresses.parse(sender)):
        raise NotPermitted(f"{sender} is not an address of yours.")


def _is_own(account_id: int, person: HeaderAddress) -> bool:
    try:
        return may_send_as(account_id=account_id, address=addresses.parse(person.address))
    except InvalidName:
        return False


def _domain(sender: str) -> str:
    return addresses.parse(sender).domain if sender else str(settings.CORREIO.hostname)


def _folders(envelope: Envelope) -> list[int]:
    """What the transaction changes besides the queue. Raises NotFound for somebody else's folder."""
    if not envelope.composed_at:
        return []
    folders = [mailboxes.by_use(envelope.account_id, Mailbox.Use.SENT).pk]
    if envelope.draft:
        folders.append(mailboxes.get(envelope.account_id, envelope.draft[0]).pk)
    return folders


def _queue(
    writer: MailboxWriter,
    envelope: Envelope,
    targets: dict[Address, SubmittedRecipient],
    content: Content,
    parsed: Parsed,
    at: datetime,
    signature: bytes,
) -> Submitted:
    same = content.kept is content.outgoing
    kept, outgoing = _blobs(content, copies=1 if same or not envelope.composed_at else 2)
    sent_copy = _keep(writer, envelope, kept, parsed, at) if envelope.composed_at else None
    reference, due = new_reference(), max(at, envelope.release_at or at)
    prefix = _trace(envelope, reference, targets, at) + signature
    entry = QueueEntry.objects.create(
        reference=reference,
        account_id=envelope.account_id,
        sender=envelope.sender,
        blob=outgoing,
        sent_copy_id=sent_copy,
        prefix=prefix,
        message_id=parsed.message_id,
        subject=parsed.subject,
        size=len(prefix) + outgoing.size,
        eight_bit=envelope.eight_bit or not content.outgoing.isascii(),
        # Only what really needs it: programs that always ask for it would have plain mail returned by servers without
        # it. Addresses beyond ASCII are seen without this, each for itself.
        smtputf8=envelope.smtputf8 and submitted.needs_smtputf8(content.outgoing),
        envelope_id=envelope.envelope_id,
        full_return=envelope.full_return,
        require_tls=envelope.require_tls,
        not_before=due,
    )
    _address(entry, targets, due)
    suppressed.hold_back(entry, map(str, targets), at)
    acquaintances.write_to(envelope.account_id, map(str, targets))
    _note(entry, envelope, at)
    queue.wake({address.domain for address in targets}, at=due)
    return Submitted(reference, entry.pk)


def _blobs(content: Content, *, copies: int) -> tuple[Blob, Blob]:
    """The sender's octets and those that go out, stored once when they are the same or nobody keeps the first."""
    rows = blobs.put([content.outgoing] if copies == 1 else [content.kept, content.outgoing])
    return rows[0], rows[-1]


def _keep(writer: MailboxWriter, envelope: Envelope, blob: Blob, parsed: Parsed, at: datetime) -> int:
    """The sent copy in, the draft out; the copy's message id."""
    sent = next(box for box in writer.boxes.values() if box.special_use == Mailbox.Use.SENT)
    if envelope.draft:
        mailbox_id, uid = envelope.draft
        if not writer.remove(mailbox_id, [uid]):
            raise NotFound("This draft was sent or changed already.")
    (filed,) = file(writer, [Filing(mailbox_id=sent.id, blob=blob, parsed=parsed, at=at, flags=Flag.SEEN)])
    return filed.message_id


def _trace(envelope: Envelope, reference: str, targets: Iterable[Address], at: datetime) -> bytes:
    # Where somebody writes from is nobody's business; the timeline keeps it.
    alone = list(targets)
    return trace.received(
        helo=settings.CORREIO.hostname,
        peer="",
        by=settings.CORREIO.hostname,
        protocol=envelope.protocol,
        tls=envelope.tls,
        reference=reference,
        recipient=str(alone[0]) if len(alone) == 1 else "",
        at=at,
    )


def _address(entry: QueueEntry, targets: dict[Address, SubmittedRecipient], due: datetime) -> None:
    QueueRecipient.objects.bulk_create(
        QueueRecipient(
            entry=entry,
            address=str(address),
            domain=address.domain,
            next_attempt_at=due,
            notify=wishes.notify,
            original_recipient=wishes.original_recipient,
        )
        for address, wishes in targets.items()
    )


def _note(entry: QueueEntry, envelope: Envelope, at: datetime) -> None:
    came = {
        "sender": envelope.sender,
        "peer": envelope.peer,
        "helo": envelope.helo,
        "tls": envelope.tls,
        "protocol": envelope.protocol,
        "size": entry.size,
    }
    steps: list[tuple[Event.Kind, datetime, dict[str, Any]]] = [
        (Event.Kind.SUBMITTED, at, came),
        (Event.Kind.QUEUED, timezone.now(), {"recipients": len(envelope.recipients)}),
    ]
    if envelope.composed_at:
        # The page's clock may be another machine's.
        steps.insert(0, (Event.Kind.COMPOSED, min(envelope.composed_at, at), {}))
    for kind, then, detail in steps:
        events.record(
            kind,
            account_id=entry.account_id,
            entry_id=entry.pk,
            message_id=entry.sent_copy_id,
            reference=entry.reference,
            at=then,
            **detail,
        )
