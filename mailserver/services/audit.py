"""Who did what in administration: rows are only added."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from mailserver.mail import charset
from mailserver.store.models import AuditEntry

# What our server did by itself.
SYSTEM = "Your server"
PAGE = 100
# What happened so long ago is no question any more.
KEPT = timedelta(days=400)


def record(by: str, action: str, target: str, **detail: Any) -> AuditEntry:
    """Add a row, inside the caller's transaction. `detail` must be JSON values."""
    now = timezone.now()
    return AuditEntry.objects.create(
        at=now, by=by[:320], action=action, target=charset.storable(target)[:400], detail=detail
    )


def page(before: int | None = None) -> tuple[list[AuditEntry], int | None]:
    """The latest rows older than the row `before`, and that of the next page."""
    rows = AuditEntry.objects.order_by("-id")
    found = list((rows.filter(pk__lt=before) if before else rows)[: PAGE + 1])
    return found[:PAGE], found[PAGE - 1].pk if len(found) > PAGE else None


def forget(before: datetime) -> int:
    """Remove what is older; how many."""
    return AuditEntry.objects.filter(at__lt=before).delete()[0]
