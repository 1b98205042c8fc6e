"""The timeline of messages: rows are only added."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from mailserver.store import rows
from mailserver.store.exchange import Exchange
from mailserver.store.models import Event

ROW = rows.Table(
    "event",
    {
        "kind": "varchar",
        "at": "timestamptz",
        "account_id": "int8",
        "message_id": "int8",
        "reference": "varchar",
        "recipient": "varchar",
        "detail": "jsonb",
    },
)


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a message that is in an account already; `detail` must be JSON values."""

    account_id: int
    message_id: int
    reference: str
    recipient: str
    at: datetime
    detail: dict[str, Any]


def record_all(exchange: Exchange, kind: Event.Kind, steps: Iterable[Step]) -> None:
    """Have several steps added when the exchange is sent, in one statement."""
    rows.insert(
        exchange,
        ROW,
        (
            (kind.value, step.at, step.account_id, step.message_id, step.reference, step.recipient, step.detail)
            for step in steps
        ),
    )


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
