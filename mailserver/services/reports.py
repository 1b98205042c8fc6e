"""Reports that arrive as mail: a bounce or other news of another server, a read receipt. They are joined to what they
speak of.

Anybody can send such a message. It counts only when it names a Message-ID that the account really sent, and a
recipient who really was sent it; a receipt must come from that recipient as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Lower
from django.utils import timezone

from mailserver.mail import dsn, mdn
from mailserver.mail.dsn import Failure
from mailserver.mail.message import Parsed
from mailserver.mail.reports import typed
from mailserver.mail.senderauth.results import Verdict
from mailserver.services import events, suppression
from mailserver.store import bell
from mailserver.store.models import Event, QueueEntry, QueueRecipient

READ = "displayed"

# Servers give up after five days (RFC 5321 §4.5.4.1), some after a week.
REMEMBERED = timedelta(days=7)

# No server tries for longer.
LONGEST = timedelta(days=30)


def may_be(parsed: Parsed, sender: str) -> bool:
    """Whether a message is to be searched: reports come with the null `sender`, or at least in their own type."""
    return not sender or parsed.root.type == "multipart/report"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a report came from: the address that brought it, and the domain that SPF vouches for, "" for none."""

    peer: str = ""
    domain: str = ""

    @classmethod
    def of(cls, peer: str, verdict: Verdict | None) -> Origin:
        return cls(peer, verdict.spf.domain.lower() if verdict and verdict.spf.result == "pass" else "")

    def has_taken(self, row: QueueRecipient) -> bool:
        """Whether it is the server that took the message, or another of the recipient's domain."""
        if self.peer and self.peer == row.remote_address:
            return True
        return self.domain == row.domain or self.domain.endswith(f".{row.domain}")


def note_reports(
    *,
    account_id: int,
    message_id: int,
    parsed: Parsed,
    raw: bytes,
    peer: str = "",
    verdict: Verdict | None = None,
    from_here: bool = False,
) -> None:
    """Look whether a message just filed for an account is a report, and note what it says on the way of the message
    it speaks of. Part of the delivering transaction. `peer` and `verdict` tell where it came from; `from_here`: from
    this server itself, whose own successes and delays stand on the way already.
    """
    receipt = mdn.parse(raw)
    if receipt:
        author = parsed.sender.address if parsed.sender else ""
        if receipt.disposition == READ:
            _note_read(account_id, message_id, receipt.original_message_id, author)
        return
    report = dsn.parse(raw)
    if report:
        origin = Origin.of(peer, verdict)
        failed = [failure for failure in report.failures if failure.action == "failed"]
        _note_returned(account_id, message_id, report, failed, origin)
        if not from_here:
            others = [news for news in report.failures if news.action != "failed"]
            _note_news(account_id, message_id, report, others, origin)


def _note_read(account_id: int, message_id: int, original: str, author: str) -> None:
    for row in _delivered(account_id, original, [author]):
        _once(Event.Kind.READ, account_id, row, report=message_id)


def _note_returned(
    account_id: int, message_id: int, report: dsn.Report, failed: Iterable[Failure], origin: Origin
) -> None:
    for failure in failed:
        people = [failure.recipient, typed(failure.original)]
        for row in _meant(account_id, report, people, origin):
            new = _once(
                Event.Kind.BOUNCED,
                account_id,
                row,
                by=failure.remote or report.reporting_mta or row.domain,
                enhanced=failure.status,
                text=typed(failure.diagnostic),
                report=message_id,
            )
            said = typed(failure.diagnostic)
            if new and suppression.is_hard(None, failure.status, said):
                suppression.count(
                    row.entry,
                    row.address,
                    status=failure.status,
                    reason=said or failure.status,
                    at=timezone.now(),
                    returned=True,
                )


def _note_news(account_id: int, message_id: int, report: dsn.Report, others: Iterable[Failure], origin: Origin) -> None:
    """What RFC 3464 §2.3.3 knows besides failures: delayed, delivered, relayed, expanded; of each the first word."""
    for news in others:
        for row in _meant(account_id, report, [news.recipient, typed(news.original)], origin):
            _once(
                Event.Kind.REPORTED,
                account_id,
                row,
                action=news.action,
                by=news.remote or report.reporting_mta or row.domain,
                enhanced=news.status,
                text=typed(news.diagnostic),
                until=_until(news),
                report=message_id,
            )


def _until(news: Failure) -> str:
    """Until when the other server tries, where that can be; a stranger's date may be any."""
    at, now = news.retry_until, timezone.now()
    return at.isoformat() if at and now < at < now + LONGEST else ""


def _meant(account_id: int, report: dsn.Report, people: Iterable[str], origin: Origin) -> list[QueueRecipient]:
    """The recipients a report speaks of: by the Message-ID or the ENVID (RFC 3461) it names.

    A text may name neither. Then it is about the last message to that person, and is believed only from the server
    that took it: what names nothing that only the reader of the message knows, anybody can write.
    """
    if report.original_message_id or report.envelope_id:
        found = _delivered(account_id, report.original_message_id, people)
        return found or _delivered(account_id, "", people, envelope_id=report.envelope_id)
    rows = _among(people, QueueRecipient.objects.filter(finished_at__gt=timezone.now() - REMEMBERED), account_id)
    last = max(rows, key=lambda row: row.finished_at or row.entry.created_at, default=None)
    return [last] if last and origin.has_taken(last) else []


def _delivered(account_id: int, original: str, people: Iterable[str], *, envelope_id: str = "") -> list[QueueRecipient]:
    """The recipients of the account's message `original`, or of the one with `envelope_id`, among `people` that
    another server or mailbox has taken.

    Our own bounces are filed here too; their recipients were never delivered, so they match nothing.
    """
    if not original and not envelope_id:
        return []
    entries = QueueEntry.objects.filter(account_id=account_id)
    entries = entries.filter(message_id=original) if original else entries.filter(envelope_id=envelope_id)
    return _among(people, QueueRecipient.objects.filter(entry__in=entries), account_id)


def _among(people: Iterable[str], rows: QuerySet[QueueRecipient], account_id: int) -> list[QueueRecipient]:
    wanted = {person.lower() for person in people if person}
    if not wanted:
        return []
    rows = rows.alias(folded=Lower("address")).filter(folded__in=wanted, state=QueueRecipient.State.DELIVERED)
    return list(rows.filter(entry__account_id=account_id).select_related("entry"))


def _once(kind: Event.Kind, account_id: int, row: QueueRecipient, **detail: Any) -> bool:
    """Whether it was news."""
    known = Event.objects.filter(kind=kind, entry_id=row.entry_id, recipient=row.address)
    if "action" in detail:
        known = known.filter(detail__action=detail["action"])
    if not known.exists():
        sent_copy = row.entry.sent_copy_id
        events.record(
            kind, account_id=account_id, entry_id=row.entry_id, message_id=sent_copy, recipient=row.address, **detail
        )
        bell.ring_on_commit(account_id, {})
        return True
    return False
