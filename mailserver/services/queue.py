"""The outgoing queue: claim → talk → record.

A worker claims the due recipients of one destination and holds them by a lease it renews while it talks. What came
of it is recorded in one transaction. A worker that was killed loses its lease, and the rows are due again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Case, Min, Q, Value, When
from django.utils import timezone

from mailserver.mail.dsnwishes import RecipientWishes
from mailserver.services import alarms, destinations, events, queue_plan, schedule
from mailserver.services.queue_bell import wake as wake
from mailserver.services.queue_plan import Order, Plan, Row
from mailserver.store.models import DeliveryAttempt, Event, QueueEntry, QueueRecipient

State = QueueRecipient.State

# Renewed every LEASE / 4 while a worker lives, so that a killed one is noticed within a minute.
LEASE = timedelta(seconds=40)

# Workers that may talk to one destination at the same time; a dead one must not take them all.
MAX_WORKERS = 2

# RFC 5321 §4.5.3.1.8: every server takes 100 recipients in one transaction.
MAX_RECIPIENTS = 100

# Other workers at each destination, and whether one of them was lost.
TALKING = """
SELECT at.* FROM unnest(%(domains)s::text[], %(tokens)s::uuid[]) WITH ORDINALITY AS w (domain, token, number)
CROSS JOIN LATERAL (
    SELECT count(DISTINCT lease_token) FILTER (WHERE lease_until >= %(now)s AND lease_token <> w.token),
        coalesce(bool_or(lease_until < %(now)s), false)
    FROM queuerecipient WHERE domain = w.domain AND state = 'delivering'
) at ORDER BY w.number
"""


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


class Held(NamedTuple):
    """What was claimed; `plan` is what comes next, and `left` how many that may be. `helped`: others are at it too."""

    claims: list[Claim]
    plan: Plan | None
    left: int
    helped: bool


def claim(domain: str, limit: int = MAX_RECIPIENTS, token: uuid.UUID | None = None) -> list[Claim]:
    """Take up to `limit` due recipients of a destination, the most urgent first, accounts in turn, grouped by entry.

    Rows whose worker was lost are due too. Empty when nothing is due or enough workers are at it.
    """
    return claim_all([Order(domain, limit, token or uuid.uuid4())])[0].claims


def claim_all(orders: Sequence[Order]) -> list[Held]:
    """The same for several destinations, each once."""
    now = timezone.now()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(TALKING, queue_plan.columns(orders) | {"now": now})
        others = cursor.fetchall()
        for order, (_, lost) in zip(orders, others, strict=True):
            if lost:
                retake(now, order.domain)
        free = [
            order for order, (talking, _) in zip(orders, others, strict=True) if talking < MAX_WORKERS and order.most
        ]
        made = queue_plan.made([order.domain for order in free if order.plan is None], now)
        planned = {order.domain: order.plan or made[order.domain] for order in free}
        taken = queue_plan.taken(cursor, free, planned, now, now + LEASE) if free else {}
    return [
        _held(order, planned.get(order.domain), taken.get(order.domain, ()), helped=talking > 0)
        for order, (talking, _) in zip(orders, others, strict=True)
    ]


def _held(order: Order, plan: Plan | None, rows: Sequence[Row], *, helped: bool) -> Held:
    claims = list(_by_entry([row[1:] for row in rows], order.domain, order.token))
    if plan is None:
        return Held(claims, None, 0, helped)
    full = len(rows) == order.most
    rest = plan.without(rows[-1][0] if full else order.looked_at)
    # An old plan does not know of what has become due since: it ends with a look at a new one.
    return Held(claims, rest if rest.holds else None, max(rest.left, 1) if order.plan else rest.left, helped)


def _by_entry(rows: Sequence[Row], domain: str, token: uuid.UUID) -> Iterator[Claim]:
    groups: dict[int, list[Claimed]] = defaultdict(list)
    for entry_id, recipient_id, address, attempts, notify, original in rows:
        groups[entry_id].append(Claimed(recipient_id, address, attempts, RecipientWishes(notify, original)))
    for entry_id, members in groups.items():
        for start in range(0, len(members), MAX_RECIPIENTS):
            yield Claim(entry_id, domain, token, tuple(members[start : start + MAX_RECIPIENTS]))


def renew(held: Mapping[uuid.UUID, Collection[int]]) -> int:
    """Keep what is still held for another `LEASE`: token → ids of recipients. How many those are."""
    ids = [recipient_id for each in held.values() for recipient_id in each]
    rows = QueueRecipient.objects.filter(id__in=ids, lease_token__in=list(held), state=State.DELIVERING)
    with transaction.atomic():
        # In the order in which they are recorded, else each may wait for the other; what is being recorded needs none.
        mine = list(rows.select_for_update(no_key=True, skip_locked=True).order_by("id").values_list("id", flat=True))
        return QueueRecipient.objects.filter(id__in=mine).update(lease_until=timezone.now() + LEASE)


def hand_back(claims: Iterable[Claim]) -> None:
    """What was claimed and not begun waits again as before, for another worker."""
    for claim in claims:
        ids = [claimed.recipient_id for claimed in claim.recipients]
        rows = QueueRecipient.objects.filter(id__in=ids, lease_token=claim.token, state=State.DELIVERING)
        before = Case(When(attempts=0, then=Value(State.QUEUED)), default=Value(State.DEFERRED))
        rows.update(state=before, lease_until=None, lease_token=None)


def resume(claims: Iterable[Claim]) -> None:
    """Claim again what was taken from these: of them it is known now what came of the try, so none of them is due."""
    for claim in claims:
        rows = QueueRecipient.objects.filter(id__in=[claimed.recipient_id for claimed in claim.recipients])
        waiting = rows.filter(state__in=(State.QUEUED, State.DEFERRED))
        waiting.update(state=State.DELIVERING, lease_token=claim.token, lease_until=timezone.now() + LEASE)


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


def put_off(held: Claim, error: BaseException) -> None:
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
        # Those that were called in vain before come last: most of them are dead still.
        found = destinations.awake(due).values("domain").annotate(tries=Min("attempts")).order_by("tries", "domain")
        domains = [row["domain"] for row in found]
        wake(domains)
    return domains
