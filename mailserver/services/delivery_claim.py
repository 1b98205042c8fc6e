"""What runs take from the queue at once. At the desk."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import NamedTuple

from mailserver.services import delivery_load, delivery_notes, delivery_rate, queue
from mailserver.services.delivery_load import Letter
from mailserver.services.queue import Claim


class Order(NamedTuple):
    """Of a destination up to `wanted` recipients; `token`: see `queue.claim`."""

    domain: str
    wanted: int
    token: uuid.UUID


class Taken(NamedTuple):
    """`letters` are by the id of their entry; `left` are recipients that may be claimed next.

    `helped`: other workers are at that destination too.
    """

    claims: list[Claim]
    letters: dict[int, Letter]
    left: int
    helped: bool


def claim_all(orders: Sequence[Order]) -> list[Taken]:
    """What each order gets."""
    delivery_notes.recover()
    allowed = [delivery_rate.allowed(domain, wanted) for domain, wanted, _ in orders]
    held = queue.claim_all([order._replace(wanted=most) for order, most in zip(orders, allowed, strict=True)])
    for (domain, wanted, _), most, (claims, _, _) in zip(orders, allowed, held, strict=True):
        delivery_rate.settle(domain, asked=wanted, allowed=most, taken=_recipients(claims))
    letters = delivery_load.letters_of(claim for claims, _, _ in held for claim in claims)
    return [
        Taken(claims, letters, left if _recipients(claims) == order.wanted else 0, helped)
        for order, (claims, left, helped) in zip(orders, held, strict=True)
    ]


def _recipients(claims: Sequence[Claim]) -> int:
    return sum(len(claim.recipients) for claim in claims)
