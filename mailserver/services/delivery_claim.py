"""What a run takes from the queue at once. At the desk."""

from __future__ import annotations

import uuid

from mailserver.services import delivery_load, delivery_notes, delivery_rate, queue
from mailserver.services.queue import Claim
from mailserver.store.models import QueueEntry


def claim(domain: str, wanted: int, token: uuid.UUID) -> tuple[list[Claim], dict[int, QueueEntry], bool]:
    """Claims of up to `wanted` recipients, entries by id, and whether more may be due; `token`: see `queue.claim`."""
    delivery_notes.recover()
    allowed = delivery_rate.allowed(domain, wanted)
    claims = queue.claim(domain, allowed, token) if allowed else []
    taken = sum(len(claim.recipients) for claim in claims)
    delivery_rate.settle(domain, asked=wanted, allowed=allowed, taken=taken)
    return claims, delivery_load.entries_of(claims), taken == wanted
