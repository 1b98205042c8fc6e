"""What a try brought, written down in one transaction."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailserver.net.smtp_results import Line, Report, Result
from mailserver.services import bounces, events, schedule, tls_counts
from mailserver.services.queue import Claim, State, lock_held
from mailserver.services.queue_bell import wake
from mailserver.store import bell
from mailserver.store.models import DeliveryAttempt, DeliveryResult, Event, QueueEntry, QueueRecipient

KINDS = {
    State.DELIVERED: Event.Kind.DELIVERED,
    State.DEFERRED: Event.Kind.DEFERRED,
    State.BOUNCED: Event.Kind.BOUNCED,
    State.EXPIRED: Event.Kind.BOUNCED,
}
WRITTEN = [
    "state",
    "attempts",
    "next_attempt_at",
    "lease_until",
    "lease_token",
    "reply_code",
    "reply_enhanced",
    "reply_text",
    "remote_host",
    "remote_address",
    "tls",
    "finished_at",
]

logger = logging.getLogger(__name__)


def record(held: Claim, report: Report) -> None:
    """Write down a try: attempt, results, states, timeline, bounces. A claim that was lost leaves only its dialogue."""
    with recording(held) as book:
        if book:
            book.write(report)


@contextmanager
def recording(held: Claim) -> Iterator[Book | None]:
    """A transaction that holds the entry and the claimed rows; None when the entry is gone.

    The entry's lock comes first: of two workers that finish its last recipients, the second sees the first's.
    """
    with transaction.atomic():
        entry = QueueEntry.objects.select_for_update(no_key=True).filter(pk=held.entry_id).first()
        if entry is None:
            logger.info("queue entry %s is gone, nothing to record", held.entry_id)
            yield None
        else:
            yield Book(held, entry, lock_held(held))


@dataclass
class Book:
    """The rows of one claim inside the recording transaction; `rows` is empty when another worker has taken over."""

    held: Claim
    entry: QueueEntry
    rows: list[QueueRecipient]
    # Next try by number of tries: chosen once, so that recipients deferred together stay together.
    following: dict[int, datetime | None] = field(default_factory=dict)

    def write(self, report: Report) -> None:
        if report.findings:
            # Behind the commit, where its rows are not held; what goes wrong there undoes nothing.
            transaction.on_commit(partial(tls_counts.note, report.findings), robust=True)
        if not self.rows:
            self._attempt(report, [*report.lines, self._lost(report)])
            return
        now = timezone.now()
        results = self.settle(report, now)
        attempt = self._attempt(report, report.lines)
        QueueRecipient.objects.bulk_update(self.rows, WRITTEN)
        DeliveryResult.objects.bulk_create(
            DeliveryResult(**result_columns(attempt.pk, row.pk, results[row.address])) for row in self.rows
        )
        self._tell(attempt.pk, now, bounces.report_all(self.entry, self.rows, results, at=now))
        self._finish(now)

    def settle(self, report: Report, now: datetime) -> dict[str, Result]:
        """What the results make of the rows; nothing is written yet."""
        results = {result.recipient: result for result in report.results}
        progress = any(result.outcome == "delivered" for result in report.results)
        for row in self.rows:
            self._settle(row, results[row.address], now, progress)
        return results

    def plain(self, results: Mapping[str, Result], now: datetime) -> bool:
        """Whether the settled rows are all there is to write: nobody is told by a report, nothing was lost."""
        told = (bounces.is_told(self.entry, row, results[row.address], now) for row in self.rows)
        return bool(self.rows) and not any(told)

    def _attempt(self, report: Report, lines: Sequence[Line]) -> DeliveryAttempt:
        attempt: DeliveryAttempt = DeliveryAttempt.objects.create(**self.attempt(report, lines))
        return attempt

    def attempt(self, report: Report, lines: Sequence[Line]) -> dict[str, Any]:
        """The columns of the try, but for its id."""
        hop = report.hop
        return {
            "entry_id": self.entry.pk,
            "domain": self.held.domain,
            "number": self.held.number,
            "started_at": report.started,
            "finished_at": report.finished,
            "remote_host": hop.host if hop else "",
            "remote_address": hop.address if hop else "",
            "remote_port": hop.port if hop else None,
            "preference": hop.preference if hop else None,
            "source": hop.source if hop else "",
            "tls": report.tls,
            "tls_policy": report.protection.policy,
            "tls_verified": report.protection.verified,
            "tls_reason": report.protection.why,
            "transcript": list(map(list, lines)),
        }

    def _lost(self, report: Report) -> Line:
        seconds = (report.finished - report.started).total_seconds()
        return Line(seconds, "note", "Another worker had taken this over, so its result counts and not this one's")

    def _settle(self, row: QueueRecipient, result: Result, now: datetime, progress: bool) -> None:
        row.attempts += 1
        row.lease_until = row.lease_token = None
        row.reply_code = result.code or None
        row.reply_enhanced = result.enhanced
        row.reply_text = result.text
        row.tls = result.tls
        if result.hop:
            row.remote_host, row.remote_address = result.hop.host, result.hop.address
        row.state = State(result.outcome)
        if row.state == State.DEFERRED:
            self._postpone(row, result, now, progress)
        if row.state not in QueueRecipient.OPEN:
            row.finished_at = now

    def _postpone(self, row: QueueRecipient, result: Result, now: datetime, progress: bool) -> None:
        if progress and result.code == 452 and result.enhanced in ("", "4.5.3"):
            row.next_attempt_at = now  # only the transaction was full (RFC 5321 §4.5.3.1.10), and it got on
            return
        if row.attempts not in self.following:
            self.following[row.attempts] = schedule.next_attempt(
                row.attempts,
                now=now,
                since=self.entry.not_before,
                schedule=settings.CORREIO.retry_schedule,
                expire_after=settings.CORREIO.expire_after,
            )
        following = self.following[row.attempts]
        if following is None:
            row.state = State.EXPIRED
        else:
            row.next_attempt_at = following

    def _tell(self, attempt_id: int, now: datetime, reports: Mapping[int, int]) -> None:
        for row in self.rows:
            events.record(
                KINDS[State(row.state)],
                account_id=self.entry.account_id,
                entry_id=self.entry.pk,
                message_id=self.entry.sent_copy_id,
                recipient=row.address,
                at=now,
                **told(attempt_id, self.held.number, row, reports.get(row.pk)),
            )
        if self.entry.account_id:
            bell.ring_on_commit(self.entry.account_id, {})

    def _finish(self, now: datetime) -> None:
        close_if_done(self.entry, now)
        for at in {row.next_attempt_at for row in self.rows if row.state == State.DEFERRED}:
            wake([self.held.domain], at=at)


def close_if_done(entry: QueueEntry, now: datetime) -> None:
    """Mark the entry finished when no recipient is open. Its row must be locked by the caller."""
    if not entry.recipients.filter(state__in=QueueRecipient.OPEN).exists():
        entry.finished_at = now
        entry.save(update_fields=["finished_at"])


def told(attempt_id: int, number: int, row: QueueRecipient, report: int | None) -> dict[str, Any]:
    """What the timeline says of a settled row."""
    return {
        "attempt": attempt_id,
        "number": number,
        "code": row.reply_code,
        "enhanced": row.reply_enhanced,
        "text": row.reply_text,
        "host": row.remote_host,
        "tls": row.tls,
        "expired": row.state == State.EXPIRED,
        "next": row.next_attempt_at.isoformat() if row.state == State.DEFERRED else "",
        "report": report,
    }


def result_columns(attempt_id: int, recipient_id: int, result: Result) -> dict[str, Any]:
    return {
        "attempt_id": attempt_id,
        "recipient_id": recipient_id,
        "outcome": result.outcome,
        "reply_code": result.code or None,
        "reply_enhanced": result.enhanced,
        "reply_text": result.text,
    }
