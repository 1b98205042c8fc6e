"""Read receipts (RFC 8098): whether one was asked for, and sending it when the reader agrees. Never by itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailserver.errors import NotFound
from mailserver.mail import mdn
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.headers import Headers
from mailserver.services import accounts, events, messages, submission
from mailserver.store.models import Account, Event, Mailbox, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag

# In these folders a request is not shown: it would tell spammers that somebody is there, or come from oneself.
SILENT = (Mailbox.Use.JUNK, Mailbox.Use.TRASH, Mailbox.Use.DRAFTS, Mailbox.Use.SENT)


@dataclass(frozen=True, slots=True)
class Request:
    """Somebody would like to know that the message was read. `sent_elsewhere`: the receipt would go to another address
    than the message came from, which the reader should be told (RFC 8098 §2.1).
    """

    to: HeaderAddress
    sent_elsewhere: bool


def requested(message: Message) -> Request | None:
    """The wish for a receipt of a received message that is still open; None when there is none to show.

    A wish for more than one address is not met: it is how such requests are misused (RFC 8098 §2.1, §6.2).
    """
    if not message.prefix:
        return None  # a draft or a sent copy of one's own
    wished = mdn.requested_by(Headers(bytes(message.header_block)))
    if len({person.address.casefold() for person in wished}) != 1:
        return None
    entries = MailboxMessage.objects.filter(message=message).values_list("flags", "mailbox__special_use")
    if not entries or any(flags & Flag.MDN_SENT or use in SILENT for flags, use in entries):
        return None
    return Request(wished[0], wished[0].address.casefold() != message.from_address.casefold())


def send(*, account_id: int, message_id: int) -> None:
    """Send the receipt the reader agreed to, mark the message `$MDNSent` (RFC 3503) and note it.

    Raises NotFound: no such message, no wish for a receipt, or one was sent already.
    """
    with transaction.atomic():
        message = messages.get(account_id, message_id)
        request = requested(message)
        if request is None:
            raise NotFound("No receipt is asked for.")
        # The mark first: it locks the folder, so of two clicks the second finds it there.
        for mailbox, entry in messages.locate(account_id, message_id):
            marked = messages.set_flags(
                account_id=account_id, mailbox_id=mailbox.pk, uids=[entry.uid], add=Flag.MDN_SENT
            )
            if not marked:
                raise NotFound("The receipt was sent already.")
        submitted = submission.submit(
            account_id=account_id,
            sender="",
            recipients=[submission.SubmittedRecipient(request.to.address)],
            raw=_compose(message, request),
            helo=settings.CORREIO.hostname,
            protocol="HTTP",
        )
        events.record(
            Event.Kind.RECEIPT_SENT,
            account_id=account_id,
            message_id=message_id,
            reference=submitted.reference,
            recipient=request.to.address,
        )


def dismiss(*, account_id: int, message_id: int) -> None:
    """The reader does not want to tell: the wish is not shown again. Raises NotFound."""
    messages.get(account_id, message_id)
    for mailbox, entry in messages.locate(account_id, message_id):
        messages.set_flags(account_id=account_id, mailbox_id=mailbox.pk, uids=[entry.uid], add=Flag.MDN_SENT)


def _compose(message: Message, request: Request) -> bytes:
    hostname = settings.CORREIO.hostname
    return mdn.build(
        original=bytes(message.header_block),
        reader=_reader(message),
        to=request.to.address,
        date=timezone.now(),
        message_id=f"{secrets.token_hex(12)}@{hostname}",
        user_agent=f"{hostname}; Correio",
    )


def _reader(message: Message) -> HeaderAddress:
    """The reader under the address that was written to, as the asker knows no other."""
    own = accounts.own_addresses(message.account_id)
    written = [address for kind in ("to", "cc", "bcc") for _, address in message.recipients.get(kind, [])]
    known = {address.casefold(): address for address in own}
    address = next((known[each.casefold()] for each in written if each.casefold() in known), own[0])
    return HeaderAddress(Account.objects.values_list("name", flat=True).get(pk=message.account_id), address)
