"""Telling the sender that a message could not be delivered: a report of RFC 3464, words for people first."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import OperationalError, transaction

from mailserver.errors import InvalidName, UnknownRecipient
from mailserver.mail import dsn, srs
from mailserver.mail.dsn import Failure
from mailserver.services import dkimkeys, inbound, recipients, routing
from mailserver.services.recipients import Local
from mailserver.services.routing import Route
from mailserver.store import blobs
from mailserver.store.models import QueueEntry, QueueRecipient

# Enough for the header the report quotes; `dsn.build` cuts it to 1 KB.
HEADER_OCTETS = 64 * 1024

# RFC 3463 §3.5: delivery time expired.
EXPIRED = "4.4.7"

logger = logging.getLogger(__name__)


def report(entry: QueueEntry, rows: Sequence[QueueRecipient], *, at: datetime) -> int | None:
    """File a report about these bounced or expired recipients in the sender's Inbox; its message id.

    Part of the recording transaction. None when nobody is to be told: the null sender (a report about a report,
    RFC 5321 §4.5.5), recipients with NOTIFY=NEVER, or a sender without a mailbox here (to whom a report would be
    backscatter), unless a forward passed its message on: then the report is queued for the sender behind our return
    address. A message we cannot report about is logged and never undoes what was delivered; its path tells of the
    failure all the same. Raises OperationalError (no database, a deadlock): then all is recorded again, the report
    included.
    """
    told = [row for row in rows if _wanted(row)]
    if not told:
        return None
    if not entry.sender:
        logger.info("no report about %s: its sender is empty", entry.reference)
        return None
    try:
        with transaction.atomic():
            return _file(entry, told, at)
    except OperationalError:
        raise
    except Exception:
        logger.exception("the report about %s could not be filed", entry.reference)
        return None


def _wanted(row: QueueRecipient) -> bool:
    """RFC 3461 §4.1: without NOTIFY the sender wants to hear of failures."""
    return not row.notify or "FAILURE" in row.notify.upper().split(",")


def _file(entry: QueueEntry, rows: Sequence[QueueRecipient], at: datetime) -> int | None:
    """The message id of the report; None when it had to be sent to another server."""
    route = _way_back(entry)
    if route is None:
        logger.warning("no report about %s: its sender has no mailbox here", entry.reference)
        return None
    raw = _compose(entry, rows, at, route.onward[0].address if route.onward else entry.sender)
    incoming = inbound.Incoming(
        # One that leaves this server is signed like all that does.
        raw=dkimkeys.signed(raw) if route.onward else raw,
        sender="",
        recipients=route.mailboxes,
        onward=route.onward,
        helo=settings.CORREIO.hostname,
        protocol="LOCAL",
        at=at,
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


def _compose(entry: QueueEntry, rows: Sequence[QueueRecipient], at: datetime, sender: str) -> bytes:
    hostname = settings.CORREIO.hostname
    return dsn.build(
        original=blobs.read_slice(entry.blob_id, 0, None if entry.full_return else HEADER_OCTETS),
        sender=sender,
        failures=[_failure(row) for row in rows],
        reporting_mta=hostname,
        message_id=f"{secrets.token_hex(12)}@{hostname}",
        date=at,
        envelope_id=entry.envelope_id,
        arrival=entry.created_at,
        full=entry.full_return,
    )


def _failure(row: QueueRecipient) -> Failure:
    said = " ".join(filter(None, (str(row.reply_code or ""), row.reply_enhanced, row.reply_text)))
    expired = row.state == QueueRecipient.State.EXPIRED
    return Failure(
        recipient=row.address,
        action="failed",
        status=EXPIRED if expired else _status(row),
        diagnostic=f"{'smtp' if row.reply_code else 'x-correio'}; {said}",
        remote=row.remote_host,
        original=row.original_recipient,
        last_attempt=row.finished_at,
    )


def _status(row: QueueRecipient) -> str:
    """The server's own status when it is one of failure; 5.0.0 says no more than that it is final (RFC 3463 §2)."""
    return row.reply_enhanced if row.reply_enhanced.startswith("5") else "5.0.0"
