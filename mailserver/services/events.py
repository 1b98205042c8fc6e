"""The timeline of messages: rows are only added."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from mailserver.store.models import Event


def record(
    kind: Event.Kind,
    *,
    account_id: int | None = None,
    entry_id: int | None = None,
    message_id: int | None = None,
    reference: str = "",
    recipient: str = "",
    at: datetime | None = None,
    **detail: Any,
) -> Event:
    """Add one step, inside the caller's transaction. `detail` must be JSON values."""
    return Event.objects.create(
        kind=kind,
        at=at or timezone.now(),
        account_id=account_id,
        entry_id=entry_id,
        message_id=message_id,
        reference=reference,
        recipient=recipient,
        detail=detail,
    )
