"""Queue entries whose recipients live here: filed in the transaction that records it, so exactly once."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from django.conf import settings

from mailserver.errors import DomainDisabled, RecipientDisabled, UnknownRecipient
from mailserver.mail import dsnwishes, replies, srs, trace
from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.mail.replies import Reply
from mailserver.mail.senderauth import authresults
from mailserver.net.smtp_results import Line, Outcome, Report, Result
from mailserver.services import bounces, inbound, routing, wishes
from mailserver.services.queue import Claim
from mailserver.services.queue_record import Book, recording
from mailserver.services.recipients import Local
from mailserver.services.routing import Route, joined
from mailserver.store import blobs
from mailserver.store.models import Mailbox, QueueRecipient

PROTOCOL = "LOCAL"

# Marks of forwarding stand at the top.
MOST_HEADER = 1024 * 1024


def deliver(claim: Claim) -> None:
    """File the message for the claim's recipients and record it. A claim that was lost files nothing."""
    with recording(claim) as book:
        if book and book.rows:
            book.write(_file(book))


def _file(book: Book) -> Report:
    started = datetime.now(UTC)
    raw = bytes(book.entry.prefix) + blobs.read(book.entry.blob_id)
    marks = trace.marks(raw[:MOST_HEADER].partition(b"\r\n\r\n")[0])
    refused: dict[str, Reply] = {}
    routes: dict[str, Route] = {}
    for row in book.rows:
        found = _route(row, len(raw), marks)
        if isinstance(found, Route):
            routes[row.address] = found
        else:
            refused[row.address] = found
    route = joined(routes.values())
    if refused or any(dsnwishes.wants(row.notify, "SUCCESS") for row in book.rows):
        _hold_inboxes(book, route.mailboxes)
    lines = [Line(0.0, "note", f"{book.held.domain} lives on this server: no connection is needed")]
    reply = _stored(book, raw, route, started) if routes else None
    results = [_result(row.address, refused.get(row.address) or reply, routes.get(row.address)) for row in book.rows]
    finished = datetime.now(UTC)
    seconds = (finished - started).total_seconds()
    lines += [Line(seconds, "note", f"{result.recipient}: {result.reply}") for result in results]
    return Report(None, "", results, lines, started, finished)


def _hold_inboxes(book: Book, takers: Iterable[Local]) -> None:
    """Lock the Inboxes of the takers, and of the sender for the report, in the order of store/writer.py.

    One after the other would let two messages that cross (Alice's to Bob, Bob's to Alice, each with a recipient who
    is refused) wait for each other.
    """
    owners = [*takers, bounces.addressee(book.entry)]
    boxes = Mailbox.objects.filter(special_use=Mailbox.Use.INBOX, account__in=[o.account_id for o in owners if o])
    list(boxes.select_for_update(no_key=True, of=("self",)).order_by("id"))


def _route(row: QueueRecipient, size: int, marks: frozenset[str]) -> Route | Reply:
    """Where mail to a recipient goes, or the reply our own MX would give."""
    try:
        found = routing.resolve(srs.parse(row.address))
    except RecipientDisabled:
        return replies.RECIPIENT_DISABLED
    except UnknownRecipient:
        return replies.UNKNOWN_RECIPIENT
    except DomainDisabled:
        return replies.DOMAIN_DISABLED
    if found is None:
        # The domain stopped being hosted between the claim and now; the next try goes out by SMTP.
        return replies.TRY_LATER
    route = found.unmarked(marks)
    if not route.mailboxes and not route.onward:
        return replies.TOO_MANY_HOPS
    if not route.has_room(size):
        return replies.MAILBOX_FULL
    return wishes.carried(route, RecipientWishes(row.notify, row.original_recipient))


def _stored(book: Book, raw: bytes, route: Route, at: datetime) -> Reply:
    entry = book.entry
    stored = inbound.deliver(
        inbound.Incoming(
            raw=authresults.without_ours(raw, settings.CORREIO.hostname),
            sender=entry.sender,
            recipients=route.mailboxes,
            onward=route.onward,
            helo=settings.CORREIO.hostname,
            protocol=PROTOCOL,
            at=at,
            eight_bit=entry.eight_bit,
            smtputf8=entry.smtputf8,
            envelope_id=entry.envelope_id,
            full_return=entry.full_return,
            require_tls=entry.require_tls,
        )
    )
    return replies.message_stored(stored.reference)


def _result(recipient: str, reply: Reply | None, route: Route | None) -> Result:
    if reply is None:
        raise ValueError(f"{recipient} was neither taken nor refused")
    outcome: Outcome = "delivered" if reply.positive else "bounced" if reply.code >= 500 else "deferred"
    action = wishes.success(route) if route else ""
    return Result(recipient, outcome, reply.code, reply.enhanced, reply.text, action=action)
