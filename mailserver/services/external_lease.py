"""Who works at an import: claim → talk → record, as with the queue.

A worker holds the row by a lease that it renews while octets come. One that was killed loses its lease, and the import
goes on where it stopped. One that was overtaken, paused or removed notices when it records, and records nothing.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from mailserver.errors import CorreioError
from mailserver.net.remote_trouble import Place
from mailserver.services import external_bell, secrets
from mailserver.store.models import ExternalAccount

State = ExternalAccount.State

LEASE = timedelta(minutes=2)
# The workers also deliver mail: imports never take more of them than this. (Two that claim at once may be one more.)
MOST_AT_ONCE = 3
KEEP_EVERY = timedelta(minutes=5)
# After a run that ended badly. After so many in a row that two days are over, the person has to look.
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (0.5, 1, 2, 5, 15, 30, 60))
MOST_FAILURES = 50


class Lost(CorreioError):
    """The import is no longer ours: paused, removed, or taken over after the lease was over."""


@dataclass(frozen=True, slots=True)
class Held:
    """An import in a worker's hands. `careful`: the last run broke off, so messages are asked for one by one."""

    external_id: int
    account_id: int
    token: uuid.UUID
    round_at: datetime
    careful: bool


class Keeper:
    """Renews the lease when it is called often enough. Raises Lost when there is none to renew."""

    def __init__(self, held: Held) -> None:
        self._held, self._renewed = held, time.monotonic()

    def __call__(self) -> None:
        if time.monotonic() - self._renewed < LEASE.total_seconds() / 4:
            return
        self._renewed = time.monotonic()
        if not _held(self._held).update(lease_until=timezone.now() + LEASE):
            raise Lost("The import is no longer ours.")


def claim(external_id: int) -> Held | None:
    """Take up an import that is due; None when it is not, somebody is at it, or enough others are being worked at."""
    now = timezone.now()
    with transaction.atomic():
        rows = ExternalAccount.objects.select_for_update(skip_locked=True)
        row = rows.filter(_due(now), pk=external_id).first()
        if row is None or ExternalAccount.objects.filter(lease_until__gt=now).count() >= MOST_AT_ONCE:
            return None
        row.lease_token, row.lease_until, row.last_run_at = uuid.uuid4(), now + LEASE, now
        row.save(update_fields=["lease_token", "lease_until", "last_run_at"])
    return Held(row.pk, row.account_id, row.lease_token, row.round_at, row.failures > 0)


def place(held: Held) -> Place:
    """Where to go and how to get in. Raises Lost, SecretUnreadable."""
    row = _held(held).first()
    if row is None:
        raise Lost("The import is no longer ours.")
    return Place(row.host, row.port, row.security, row.username, secrets.decrypt(row.secret))


def lock(held: Held) -> ExternalAccount:
    """The row, locked for the caller's transaction: first of all locks. Raises Lost."""
    row = _held(held).select_for_update().first()
    if row is None:
        raise Lost("The import is no longer ours.")
    return row


def wake_due() -> int:
    """Have workers look at the imports that wait longest; how many."""
    rows = ExternalAccount.objects.filter(_due(timezone.now())).order_by("next_at")
    due = list(rows.values_list("pk", flat=True)[:MOST_AT_ONCE])
    if due:
        external_bell.wake(*due)
    return len(due)


def give_back(held: Held, *, finished: bool) -> None:
    """End a run that went well. `finished`: every folder was gone through; it is done, or waits for the next time."""
    now = timezone.now()
    with transaction.atomic():
        row = lock(held)
        row.error, row.failures, row.next_at = "", 0, now
        if finished:
            row.finished_at = now
            row.next_at = row.round_at = now + KEEP_EVERY
            if row.mode == ExternalAccount.Mode.ONCE:
                row.state = State.DONE
        _release(row)


def put_off(held: Held, words: str, *, lasting: bool, progress: bool) -> None:
    """End a run that broke off: try later, or wait for the person when that would change nothing."""
    with transaction.atomic():
        row = lock(held)
        row.error = words
        row.failures = 1 if progress else row.failures + 1
        row.next_at = timezone.now() + PAUSES[min(row.failures, len(PAUSES)) - 1]
        if lasting or row.failures >= MOST_FAILURES:
            row.state = State.STOPPED
        _release(row)


def _release(row: ExternalAccount) -> None:
    row.lease_token = row.lease_until = None
    row.save()


def _held(held: Held) -> QuerySet[ExternalAccount]:
    return ExternalAccount.objects.filter(pk=held.external_id, lease_token=held.token, state=State.ACTIVE)


def _due(now: datetime) -> Q:
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    return free & Q(state=State.ACTIVE, next_at__lte=now)
