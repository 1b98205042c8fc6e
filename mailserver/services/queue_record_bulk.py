"""What many tries brought, written down in one transaction by a handful of statements.

The rows are those that `queue_record` writes for each alone. What needs more than rows is left to it: a report to the
sender, a lease that was lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter, itemgetter
from typing import Any

from django.db import DEFAULT_DB_ALIAS, transaction
from django.db.models import Model
from django.utils import timezone

from mailserver.net.smtp_results import Report
from mailserver.services import tls_counts
from mailserver.services.queue import Claim, State
from mailserver.services.queue_bell import wake
from mailserver.services.queue_record import KINDS, Book, result_columns, told
from mailserver.store import bell, rows
from mailserver.store.exchange import KEEP_PLANS, Asked, Exchange, array
from mailserver.store.models import QueueEntry, QueueRecipient

Try = tuple[Claim, Report]
Columns = dict[str, Any]

ATTEMPT = rows.Table(
    "deliveryattempt",
    {
        "id": "int8",
        "entry_id": "int8",
        "domain": "varchar",
        "number": "int4",
        "started_at": "timestamptz",
        "finished_at": "timestamptz",
        "remote_host": "varchar",
        "remote_address": "varchar",
        "remote_port": "int4",
        "preference": "int4",
        "source": "varchar",
        "tls": "varchar",
        "tls_policy": "varchar",
        "tls_verified": "bool",
        "tls_reason": "text",
        "transcript": "jsonb",
    },
)
RESULT = rows.Table(
    "deliveryresult",
    {
        "attempt_id": "int8",
        "recipient_id": "int8",
        "outcome": "varchar",
        "reply_code": "int2",
        "reply_enhanced": "varchar",
        "reply_text": "text",
    },
)
EVENT = rows.Table(
    "event",
    {
        "kind": "varchar",
        "at": "timestamptz",
        "account_id": "int8",
        "entry_id": "int8",
        "message_id": "int8",
        "reference": "varchar",
        "recipient": "varchar",
        "detail": "jsonb",
    },
)
# What `queue_record.WRITTEN` names; not inserted but put in place.
RECIPIENT = rows.Table(
    "queuerecipient",
    {
        "id": "int8",
        "state": "varchar",
        "attempts": "int4",
        "next_attempt_at": "timestamptz",
        "lease_until": "timestamptz",
        "lease_token": "uuid",
        "reply_code": "int2",
        "reply_enhanced": "varchar",
        "reply_text": "text",
        "remote_host": "varchar",
        "remote_address": "varchar",
        "tls": "varchar",
        "finished_at": "timestamptz",
    },
)


def _columns(model: type[Model], *names: str) -> list[str]:
    """These names in the order in which `from_db` wants them."""
    return [field.attname for field in model._meta.concrete_fields if field.attname in names]


# What is read of the rows that are locked: `Book` reads no more of a try that is plain.
ENTRY_COLUMNS = _columns(QueueEntry, "id", "account_id", "sent_copy_id", "not_before")
RECIPIENT_COLUMNS = _columns(
    QueueRecipient,
    "id",
    "entry_id",
    "address",
    "state",
    "attempts",
    "next_attempt_at",
    "lease_token",
    "notify",
    "suspect",
    "remote_host",
    "remote_address",
    "finished_at",
)
ENTRIES = f"""
SELECT {", ".join(ENTRY_COLUMNS)} FROM queueentry WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608
RECIPIENTS = f"""
SELECT {", ".join(RECIPIENT_COLUMNS)} FROM queuerecipient WHERE id = ANY($1::bigint[]) AND state = 'delivering'
ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608
CLOSE = """
UPDATE queueentry e SET finished_at = $1::timestamptz WHERE e.id = ANY($2::bigint[]) AND NOT EXISTS (
    SELECT FROM queuerecipient r WHERE r.entry_id = e.id AND r.state IN ('queued', 'delivering', 'deferred', 'held')
)
"""


def record_all(tries: Sequence[Try]) -> list[int]:
    """Write down the tries; the numbers (from 0) of those that must be recorded alone."""
    now, alone = timezone.now(), []
    with transaction.atomic():
        exchange = Exchange()
        exchange.add(KEEP_PLANS)
        plain: list[tuple[Book, Report, int]] = []
        for number, (book, report, attempt_id) in enumerate(_opened(exchange, tries)):
            if book is None:
                continue  # the entry is gone
            if book.plain(book.settle(report, now), now):
                plain.append((book, report, attempt_id))
            else:
                alone.append(number)
        if plain:
            _write(exchange, plain, now)
    return alone


def _opened(exchange: Exchange, tries: Sequence[Try]) -> Iterator[tuple[Book | None, Report, int]]:
    """Entries before recipients, each in the order of their ids, as everywhere; and an id for each attempt."""
    entries = exchange.add(ENTRIES, [array({held.entry_id for held, _ in tries})])
    recipients = exchange.add(RECIPIENTS, [array(each.recipient_id for held, _ in tries for each in held.recipients)])
    numbers = rows.numbers(exchange, ["deliveryattempt"], len(tries))
    exchange.send()
    owners: dict[int, QueueEntry] = _models(QueueEntry, ENTRY_COLUMNS, entries)
    found: dict[int, QueueRecipient] = _models(QueueRecipient, RECIPIENT_COLUMNS, recipients)
    for (held, report), (number,) in zip(tries, numbers.rows, strict=True):
        entry = owners.get(held.entry_id)
        mine = (found.get(claimed.recipient_id) for claimed in held.recipients)
        ours = [row for row in mine if row and row.lease_token == held.token]
        yield Book(held, entry, ours) if entry else None, report, number


def _models(model: type[Model], columns: Sequence[str], asked: Asked) -> dict[int, Any]:
    """By id."""
    return {row.pk: row for row in (model.from_db(DEFAULT_DB_ALIAS, columns, values) for values in asked.rows)}


def _write(exchange: Exchange, plain: Sequence[tuple[Book, Report, int]], now: datetime) -> None:
    attempts: list[Columns] = []
    results: list[Columns] = []
    steps: list[tuple[Any, ...]] = []
    for book, report, number in plain:
        attempts.append({"id": number} | book.attempt(report, report.lines))
        said = {result.recipient: result for result in report.results}
        results += [result_columns(number, row.pk, said[row.address]) for row in book.rows]
        steps += _steps(book, number, now)
    settled = [row for book, _, _ in plain for row in book.rows]
    rows.insert(exchange, ATTEMPT, map(itemgetter(*ATTEMPT.columns), attempts))
    rows.insert(exchange, RESULT, map(itemgetter(*RESULT.columns), results))
    rows.insert(exchange, EVENT, steps)
    rows.update(exchange, RECIPIENT, map(attrgetter(*RECIPIENT.columns), settled))
    exchange.add(CLOSE, [now.isoformat(), array({book.entry.pk for book, _, _ in plain})])
    exchange.send(last=True)
    _ring([book for book, _, _ in plain])
    if findings := [finding for _, report, _ in plain for finding in report.findings]:
        # Behind the commit, where its rows are not held; what goes wrong there undoes nothing.
        transaction.on_commit(partial(tls_counts.note, findings), robust=True)


def _steps(book: Book, attempt_id: int, now: datetime) -> Iterable[tuple[Any, ...]]:
    entry = book.entry
    for row in book.rows:
        kind, detail = KINDS[State(row.state)].value, told(attempt_id, book.held.number, row, None)
        yield kind, now, entry.account_id, entry.pk, entry.sent_copy_id, "", row.address, detail


def _ring(books: Sequence[Book]) -> None:
    bell.ring_all_on_commit({book.entry.account_id: {} for book in books if book.entry.account_id})
    # To the second, so that many recipients deferred together do not ring as often.
    deferred = [(book.held.domain, row.next_attempt_at) for book in books for row in book.rows if _waits(row)]
    second = timedelta(seconds=1)
    for domain, at in sorted({(domain, at.replace(microsecond=0) + second) for domain, at in deferred}):
        wake([domain], at=at)


def _waits(row: QueueRecipient) -> bool:
    return row.state == State.DEFERRED
