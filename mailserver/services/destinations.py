"""Destinations an administrator has paused: their recipients stay in the queue and nobody tries them."""

from __future__ import annotations

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from mailserver.services import audit
from mailserver.services.queue_bell import wake
from mailserver.store.models import PausedDestination, QueueRecipient

# For the statement that claims: a row `r` of queuerecipient whose destination is not paused.
NOT_PAUSED = "NOT EXISTS (SELECT FROM pauseddestination p WHERE p.domain = r.domain)"


def awake(rows: QuerySet[QueueRecipient]) -> QuerySet[QueueRecipient]:
    """Those of the recipients whose destination is not paused."""
    return rows.exclude(domain__in=PausedDestination.objects.values("domain"))


def paused() -> dict[str, PausedDestination]:
    """All that are paused, by domain: an administrator named each, so they are few."""
    return {row.domain: row for row in PausedDestination.objects.order_by("domain")}


def pause(domain: str, *, by: str) -> bool:
    """Send nothing more there; what is being sent now is finished. False when it was paused already."""
    with transaction.atomic():
        _, new = PausedDestination.objects.get_or_create(domain=domain, defaults={"since": timezone.now(), "by": by})
        if new:
            audit.record(by, "pause", domain)
    return new


def resume(domain: str, *, by: str) -> bool:
    """Send again, at once what is due. False when it was not paused."""
    with transaction.atomic():
        removed, _ = PausedDestination.objects.filter(domain=domain).delete()
        if removed:
            audit.record(by, "resume", domain)
            wake([domain])
    return bool(removed)
