"""Reports that arrive as mail: a bounce of another server, a read receipt. They are joined to what they speak of.

Anybody can send such a message. It counts only when it names a Message-ID that the account really sent, and a
recipient who really was sent it; a receipt must come from that recipient as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mailserver.mail import dsn, mdn
from mailserver.mail.dsn import Failure
from mailserver.mail.message import Parsed
from mailserver.mail.reports import typed
from mailserver.services import events
from mailserver.store import bell
from mailserver.store.models import Event, QueueEntry, QueueRecipient

READ = "displayed"


def may_be(parsed: Parsed, sender: str) -> bool:
    """Whether a message is to be searched: reports come with the null `sender`, or at least in their own type."""
    return not sender or parsed.root.type == "multipart/report"


def note_reports(*, account_id: int, message_id: int, parsed: Parsed, raw: bytes) -> None:
    """Look whether a message just filed for an account is a report, and note what it says on the way of the message
    it speaks of. Part of the delivering transaction.
    """
    receipt = mdn.parse(raw)
    if receipt:
        author = parsed.sender.address if parsed.sender else ""
        if receipt.disposition == READ:
            _note_read(account_id, message_id, receipt.original_message_id, author)
        return
    report = dsn.parse(raw)
    if report:
        failed = [failure for failure in report.failures if failure.action == "failed"]
        _note_returned(account_id, message_id, report, failed)


def _note_read(account_id: int, message_id: int, original: str, author: str) -> None:
    for row in _delivered(account_id, original, [author]):
        _once(Event.Kind.READ, account_id, row, report=message_id)


def _note_returned(account_id: int, message_id: int, report: dsn.Report, failed: Iterable[Failure]) -> None:
    for failure in failed:
        people = [failure.recipient, typed(failure.original)]
        for row in _delivered(account_id, report.original_message_id, people):
            _once(
                Event.Kind.BOUNCED,
                account_id,
                row,
                by=failure.remote or report.reporting_mta or row.domain,
                enhanced=failure.status,
                text=typed(failure.diagnostic),
                report=message_id,
            )


def _delivered(account_id: int, original: str, people: Iterable[str]) -> list[QueueRecipient]:
    """The recipients of the account's message `original` among `people` that another server or mailbox has taken.

    Our own bounces are filed here too; their recipients were never delivered, so they match nothing.
    """
    wanted = {person.casefold() for person in people if person}
    if not original or not wanted:
        return []
    entries = QueueEntry.objects.filter(account_id=account_id, message_id=original)
    rows = QueueRecipient.objects.filter(entry__in=entries, state=QueueRecipient.State.DELIVERED)
    rows = rows.select_related("entry")
    return [row for row in rows if row.address.casefold() in wanted]


def _once(kind: Event.Kind, account_id: int, row: QueueRecipient, **detail: Any) -> None:
    known = Event.objects.filter(kind=kind, entry_id=row.entry_id, recipient=row.address)
    if not known.exists():
        sent_copy = row.entry.sent_copy_id
        events.record(
            kind, account_id=account_id, entry_id=row.entry_id, message_id=sent_copy, recipient=row.address, **detail
        )
        bell.ring_on_commit(account_id, {})
