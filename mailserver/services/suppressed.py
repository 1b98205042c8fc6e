"""Mail to failing addresses: returned at once, without a call to the other server."""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from functools import partial

from django.db import transaction
from django.utils import timezone

from mailserver.net.smtp_results import Line, Report, Result
from mailserver.services import queue_record, suppression
from mailserver.services.queue import LEASE, Claim, Claimed, State
from mailserver.store.models import QueueEntry, QueueRecipient, Suppression

# RFC 3463 §3.8: refused by rules, and here they are ours.
STATUS = "5.7.1"

logger = logging.getLogger(__name__)


def hold_back(entry: QueueEntry, addresses: Iterable[str], at: datetime) -> None:
    """Take recipients on the account's list out of a new entry; they are refused when the transaction is over.

    Until then they are in our hands by a lease like a worker's. If we are killed meanwhile it ends, and the mail is
    tried like any other.
    """
    assert entry.account_id is not None
    known = suppression.known(entry.account_id, addresses)
    if not known:
        return
    rows = [row for row in entry.recipients.order_by("id") if row.address.lower() in known]
    token = uuid.uuid4()
    held: dict[str, list[QueueRecipient]] = defaultdict(list)
    for row in rows:
        row.suspect = True
        if suppression.is_active(known[row.address.lower()], at):
            row.state, row.lease_token, row.lease_until = State.DELIVERING, token, timezone.now() + LEASE
            held[row.domain].append(row)
    QueueRecipient.objects.bulk_update(rows, ["suspect", "state", "lease_token", "lease_until"])
    for domain, members in held.items():
        claim = Claim(entry.pk, domain, token, tuple(Claimed(row.pk, row.address, 0) for row in members))
        reasons = {row.address: _words(known[row.address.lower()]) for row in members}
        transaction.on_commit(partial(_after_commit, claim, reasons))


def _after_commit(claim: Claim, reasons: dict[str, str]) -> None:
    """The message is committed and must be answered with 250, whatever happens here."""
    try:
        _refuse(claim, reasons)
    except Exception:
        logger.exception("mail to failing addresses of queue entry %s is tried like any other", claim.entry_id)


def _refuse(claim: Claim, reasons: dict[str, str]) -> None:
    now = timezone.now()
    results = [Result(address, "bounced", 0, STATUS, text) for address, text in reasons.items()]
    lines = [Line(0.0, "note", f"{address}: {text}") for address, text in reasons.items()]
    queue_record.record(claim, Report(None, "", results, lines, now, now))


def _words(row: Suppression) -> str:
    """`explain` knows these words."""
    times = "once" if row.failures == 1 else f"{row.failures} times"
    return f"The address is on your list of failing addresses: mail to it came back {times}, at last with: {row.reason}"
