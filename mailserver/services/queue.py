"""The outgoing queue: claim → talk → record.

A worker claims the due recipients of one destination and holds them by a lease it renews while it talks. What came
of it is recorded in one transaction. A worker that was killed loses its lease, and the rows are due again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.services import alarms, destinations, events, schedule
from mailserver.services.queue_bell import wake as wake
from mailserver.store.models import DeliveryAttempt, Event, QueueEntry, QueueRecipient

State = QueueRecipient.State

# Renewed every LEASE / 4 while a worker lives, so that a killed one is noticed within a minute.
LEASE = timedelta(seconds=40)

# Workers that may talk to one destination at the same time; a dead one must not take them all.
MAX_WORKERS = 2

# RFC 5321 §4.5.3.1.8: every server takes 100 recipients in one transaction.
MAX_RECIPIENTS = 100

CLAIM = f"""
WITH due AS (
    SELECT r.id FROM queuerecipient r JOIN queueentry e ON e.id = r.entry_id
    WHERE r.domain = %(domain)s AND r.state IN ('queued', 'deferred') AND r.next_attempt_at <= %(now)s
      AND {destinations.NOT_PAUSED}
    ORDER BY e.priority DESC, r.next_attempt_at, r.entry_id, r.id
    LIMIT %(limit)s FOR NO KEY UPDATE OF r SKIP LOCKED
)
UPDATE queuerecipient r SET state = 'delivering', lease_until = %(until)s, lease_token = %(token)s
FROM due WHERE r.id = due.id
RETURNING r.entry_id, r.id, r.address, r.attempts, r.notify, r.original_recipient
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Claimed:
    """One recipient in a worker's hands; `attempts` are the tries before this one."""

    recipient_id: int
    address: str
    attempts: int
    wishes: RecipientWishes = field(default_factory=RecipientWishes)


@dataclass(frozen=True, slots=True)
class Claim:
    """What a worker may now deliver in one transaction: recipients of one entry at one destination."""

    entry_id: int
    domain: str
    token: uuid.UUID
    recipients: tuple[Claimed, ...]

    @property
    def number(self) -> int:
        """The ordinal of the try about to be made, from 1."""
        return max(claimed.attempts for claimed in self.recipients) + 1


def claim(domain: str, limit: int = MAX_RECIPIENTS) -> list[Claim]:
    """Take up to `limit` due recipients of a destination, the most urgent first, grouped by entry.

    Rows whose worker was lost are due too. Empty when nothing is due or enough workers are at it.
    """
    now = timezone.now()
    with transaction.atomic():
        retake(now, domain)
        talking = QueueRecipient.objects.filter(domain=domain, state=State.DELIVERING)
        if talking.values("lease_token").distinct().count() >= MAX_WORKERS:
            return []
        token = uuid.uuid4()
        with connection.cursor() as cursor:
            cursor.execute(
                CLAIM, {"domain": domain, "now": now, "limit": limit, "until": now + LEASE, "token": str(token)}
            )
            rows = sorted(cursor.fetchall())
    return list(_by_entry(rows, domain, token))


def _by_entry(rows: Sequence[tuple[int, int, str, int, str, str]], domain: str, token: uuid.UUID) -> Iterator[Claim]:
    groups: dict[int, list[Claimed]] = defaultdict(list)
    for entry_id, recipient_id, address, attempts, notify, original in rows:
        groups[entry_id].append(Claimed(recipient_id, address, attempts, RecipientWishes(notify, original)))
    for entry_id, members in groups.items():
        for start in range(0, len(members), MAX_RECIPIENTS):
            yield Claim(entry_id, domain, token, tuple(members[start : start + MAX_RECIPIENTS]))


def renew(token: uuid.UUID) -> int:
    """Keep what is still held under this token for another `LEASE`; the number of recipients held."""
    held = QueueRecipient.objects.filter(lease_token=token, state=State.DELIVERING)
    return held.update(lease_until=timezone.now() + LEASE)


def retake(now: datetime, domain: str | None = None) -> int:
    """Make the rows of lost workers due again; how many there were.

    The first loss costs no time. A message that kills its worker each time is tried at the pace of the schedule.
    """
    lost = Q(state=State.DELIVERING, lease_until__lt=now)
    with transaction.atomic():
        rows = QueueRecipient.objects.select_for_update(no_key=True, skip_locked=True)
        found = list(rows.filter(lost & Q(domain=domain) if domain else lost).order_by("id"))
        groups: dict[tuple[int, str], list[QueueRecipient]] = defaultdict(list)
        for row in found:
            pause = schedule.delay(row.attempts, settings.CORREIO.retry_schedule) if row.attempts else timedelta()
            row.next_attempt_at = now + pause
            groups[row.entry_id, row.domain].append(row)
        for group in groups.values():
            give_back(
                group, "Our worker was stopped in the middle of this try; what was taken until then is unknown", now
            )
    return len(found)


def put_off(held: Claim, error: Exception) -> None:
    """After an unexpected fault: try later, so that a message we stumble over cannot block a worker for ever."""
    now = timezone.now()
    with transaction.atomic():
        rows = lock_held(held)
        for row in rows:
            row.next_attempt_at = now + schedule.delay(row.attempts + 1, settings.CORREIO.retry_schedule)
        if rows:
            give_back(rows, f"A fault on our side stopped this try ({type(error).__name__})", now)


def lock_held(held: Claim) -> list[QueueRecipient]:
    """The rows of a claim that nobody has taken over, locked. Call it in a transaction."""
    rows = QueueRecipient.objects.select_for_update(no_key=True)
    ids = [claimed.recipient_id for claimed in held.recipients]
    return list(rows.filter(id__in=ids, lease_token=held.token, state=State.DELIVERING).order_by("id"))


def give_back(rows: Sequence[QueueRecipient], why: str, now: datetime) -> None:
    """End a try that has no result: its trace in the timeline, the rows due at the `next_attempt_at` they carry.

    What could not even be tried until its time was over is held for an administrator, not tried for ever.
    """
    first = rows[0]
    entry = QueueEntry.objects.only("account_id", "not_before").get(pk=first.entry_id)
    state = State.HELD if now >= entry.not_before + settings.CORREIO.expire_after else State.DEFERRED
    number = max(row.attempts for row in rows) + 1
    attempt = DeliveryAttempt.objects.create(
        entry_id=entry.pk,
        domain=first.domain,
        number=number,
        started_at=now,
        finished_at=now,
        transcript=[[0, "note", why]],
    )
    for row in rows:
        row.attempts += 1
        row.state = state
        row.lease_until = row.lease_token = None
        events.record(
            Event.Kind.HELD if state == State.HELD else Event.Kind.ATTEMPTED,
            account_id=entry.account_id,
            entry_id=entry.pk,
            recipient=row.address,
            at=now,
            attempt=attempt.pk,
            number=number,
            text=why,
            by="Your server",
        )
    QueueRecipient.objects.bulk_update(rows, ["attempts", "state", "lease_until", "lease_token", "next_attempt_at"])


def sweep() -> list[str]:
    """Take back what lost workers held and wake a worker for each destination with due rows; those destinations."""
    now = timezone.now()
    with transaction.atomic():
        retake(now)
        alarms.hold_waiting()
        due = QueueRecipient.objects.filter(state__in=(State.QUEUED, State.DEFERRED), next_attempt_at__lte=now)
        domains = list(destinations.awake(due).values_list("domain", flat=True).distinct().order_by("domain"))
        wake(domains)
    return domains
