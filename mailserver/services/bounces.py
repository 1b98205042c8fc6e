"""Telling the sender what became of a message: reports of RFC 3464, words for people first."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.db import OperationalError, transaction

from mailserver.errors import InvalidName, UnknownRecipient
from mailserver.mail import dsn, dsnwishes, explain, srs, tlsrequired
from mailserver.mail.dsn import Action, Failure
from mailserver.net.smtp_results import Result
from mailserver.services import dkimkeys, inbound, recipients, routing, suppression
from mailserver.services.recipients import Local
from mailserver.services.routing import Route
from mailserver.store import blobs
from mailserver.store.models import QueueEntry, QueueRecipient

State = QueueRecipient.State

# Enough for the header the report quotes; `dsn.build` cuts it to 1 KB.
HEADER_OCTETS = 64 * 1024

# RFC 3463 §3.5: delivery time expired.
EXPIRED = "4.4.7"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class About:
    """The message a report speaks of. `reference` is what our 250 called it; `full` returns all of `original`."""

    original: bytes
    reference: str
    arrival: datetime
    envelope_id: str = ""
    full: bool = False


def report_all(
    entry: QueueEntry, rows: Sequence[QueueRecipient], results: Mapping[str, Result], *, at: datetime
) -> dict[int, int]:
    """Tell the sender what a try brought: the message id of the one report, by recipient row it speaks of.

    Part of the recording transaction; `results` by address, none for what an administrator took out of the queue.
    Failures are told, delays once and after CORREIO_DELAY_NOTICE (by `delays` where nobody tries), successes on request
    (RFC 3461): handed to a server that will not tell, filed in a mailbox here, given to a group. Nobody is told about
    mail from the null sender (a report about a report, RFC 5321 §4.5.5), about recipients with NOTIFY=NEVER, or without
    a mailbox here (that would be backscatter), unless a forward passed the message on: then the report is queued for
    the sender behind our return address. A message we cannot report about is logged and never undoes what was
    delivered; its path tells of it all the same.
    Raises OperationalError (no database, a deadlock): then all is recorded again, the report included.
    """
    numbers = _report(entry, rows, results, at)
    # After the Inbox: a report that arrives has it locked first as well.
    suppression.learn(entry, rows, at=at)
    return numbers


def _report(
    entry: QueueEntry, rows: Sequence[QueueRecipient], results: Mapping[str, Result], at: datetime
) -> dict[int, int]:
    told = {row.pk: found for row in rows if (found := _news(entry, row, results.get(row.address), at))}
    if not told:
        return {}
    if not entry.sender:
        logger.info("no report about %s: its sender is empty", entry.reference)
        return {}
    delayed = [pk for pk, failure in told.items() if failure.action == "delayed"]
    if delayed:
        QueueRecipient.objects.filter(pk__in=delayed).update(delay_told_at=at)
    try:
        with transaction.atomic():
            number = _file(entry, list(told.values()), at)
    except OperationalError:
        raise
    except Exception:
        logger.exception("the report about %s could not be filed", entry.reference)
        return {}
    return dict.fromkeys(told, number) if number else {}


def is_told(entry: QueueEntry, row: QueueRecipient, result: Result, at: datetime) -> bool:
    """Whether `report_all` has anything to do for a settled recipient: to tell its sender, or to learn."""
    return failed(row) or row.suspect or bool(_action(entry, row, result, at))


def failed(row: QueueRecipient) -> bool:
    """Whether the recipient will not get the message."""
    return row.state in (State.BOUNCED, State.EXPIRED, State.CANCELLED)


def _action(entry: QueueEntry, row: QueueRecipient, result: Result | None, at: datetime) -> Action | None:
    """RFC 3464 §2.3.3, where the sender wants to hear of it."""
    if failed(row):
        return "failed" if dsnwishes.wants(row.notify, "FAILURE") else None
    if row.state in (State.DEFERRED, State.QUEUED):
        return "delayed" if _is_late(entry, row, at) else None
    if row.state == State.DELIVERED and result and result.action:
        return result.action if dsnwishes.wants(row.notify, "SUCCESS") else None
    return None


def _news(entry: QueueEntry, row: QueueRecipient, result: Result | None, at: datetime) -> Failure | None:
    """What the sender is to hear about a recipient, None for nothing."""
    action = _action(entry, row, result, at)
    if action is None:
        return None
    said = " ".join(filter(None, (str(row.reply_code or ""), row.reply_enhanced, row.reply_text))) or explain.UNTRIED
    news = Failure(
        row.address,
        action=action,
        diagnostic=f"{'smtp' if row.reply_code else 'x-correio'}; {said}",
        remote=row.remote_host,
        original=row.original_recipient,
        last_attempt=at,
        log_id=entry.reference,
    )
    match action:
        case "failed":
            return replace(news, status=EXPIRED if row.state == State.EXPIRED else _status(row, "5"))
        case "delayed":
            until = entry.not_before + settings.CORREIO.expire_after
            return replace(news, status=_status(row, "4"), retry_until=until)
        case _:
            return replace(news, status=_status(row, "2"))


def _is_late(entry: QueueEntry, row: QueueRecipient, at: datetime) -> bool:
    """Strangers hear of a delay only when they asked: they did not write to us, we pass their mail on."""
    notice = settings.CORREIO.delay_notice
    if notice is None or row.delay_told_at or at < entry.not_before + notice:
        return False
    return dsnwishes.wants(row.notify, "DELAY") and bool(row.notify or entry.account_id)


def _status(row: QueueRecipient, kind: str) -> str:
    """The server's own status when it is of this kind; 5.0.0 says no more than that it is final (RFC 3463 §2)."""
    return row.reply_enhanced if row.reply_enhanced.startswith(kind) else f"{kind}.0.0"


def _file(entry: QueueEntry, failures: Sequence[Failure], at: datetime) -> int | None:
    route = _way_back(entry)
    if route is None:
        logger.warning("no report about %s: its sender has no mailbox here", entry.reference)
        return None
    # RFC 3461 §4.3: RET is about failures; of other news the header is enough.
    # RFC 8689 §5: a report shows no more of a protected message than its header, and travels as the message did.
    failed = any(failure.action == "failed" for failure in failures)
    full = bool(entry.full_return) and failed and not entry.require_tls
    original = blobs.read_slice(entry.blob_id, 0, None if full else HEADER_OCTETS)
    relaxed = tlsrequired.FIELD if tlsrequired.is_optional(original) else b""
    about = About(
        original=original,
        reference=entry.reference,
        arrival=entry.created_at,
        envelope_id=entry.envelope_id,
        full=full,
    )
    to = route.onward[0].address if route.onward else entry.sender
    return send(relaxed + compose(about, failures, to=to, at=at), route, at=at, require_tls=entry.require_tls)


def compose(about: About, failures: Sequence[Failure], *, to: str, at: datetime) -> bytes:
    """The report to `to`."""
    hostname = settings.CORREIO.hostname
    return dsn.build(
        original=about.original,
        sender=to,
        failures=failures,
        reporting_mta=hostname,
        message_id=f"{secrets.token_hex(12)}@{hostname}",
        date=at,
        envelope_id=about.envelope_id,
        arrival=about.arrival,
        full=about.full,
        reference=about.reference,
    )


def send(raw: bytes, route: Route | None, *, at: datetime, require_tls: bool = False) -> int | None:
    """File a report with the null sender; its message id, None when it had to be sent to another server."""
    if route is None:
        return None
    incoming = inbound.Incoming(
        # One that leaves this server is signed like all that does.
        raw=dkimkeys.signed(raw) if route.onward else raw,
        sender="",
        recipients=route.mailboxes,
        onward=route.onward,
        helo=settings.CORREIO.hostname,
        protocol="LOCAL",
        at=at,
        require_tls=require_tls,
    )
    stored = inbound.deliver(incoming)
    return stored.deliveries[0].message_id if stored.deliveries else None


def _way_back(entry: QueueEntry) -> Route | None:
    """To the sender's own mailbox, or to who wrote what a forward passed on."""
    local = addressee(entry)
    if local:
        return Route((local,))
    try:
        return routing.back(srs.parse(entry.sender))
    except (InvalidName, UnknownRecipient):
        return None


def addressee(entry: QueueEntry) -> Local | None:
    """Whom a report about the entry goes to; None when its sender has no mailbox here."""
    try:
        found = recipients.lookup(srs.parse(entry.sender))
    except (InvalidName, UnknownRecipient):
        return None
    return found if isinstance(found, Local) else None
