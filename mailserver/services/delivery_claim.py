"""What runs take from the queue at once. At the desk."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mailserver.services import delivery_load, delivery_notes, delivery_rate, queue
from mailserver.services.delivery_load import Letter
from mailserver.services.queue import Claim
from mailserver.services.queue_plan import Order, Plan


class Taken(NamedTuple):
    """`letters` are by the id of their entry; `left` are recipients that may be claimed next.

    `helped`: other workers are at that destination too.
    """

    claims: list[Claim]
    letters: dict[int, Letter]
    plan: Plan | None
    left: int
    helped: bool


def claim_all(orders: Sequence[Order]) -> list[Taken]:
    """What each order gets."""
    delivery_notes.recover()
    allowed = [delivery_rate.allowed(order.domain, order.most) for order in orders]
    held = queue.claim_all([order._replace(most=most) for order, most in zip(orders, allowed, strict=True)])
    taken = [_recipients(each.claims) for each in held]
    for order, most, count in zip(orders, allowed, taken, strict=True):
        delivery_rate.settle(order.domain, asked=order.most, allowed=most, taken=count)
    letters = delivery_load.letters_of(claim for each in held for claim in each.claims)
    return [
        Taken(each.claims, letters, each.plan, each.left if most == order.most else 0, each.helped)
        for order, most, each in zip(orders, allowed, held, strict=True)
    ]


def _recipients(claims: Sequence[Claim]) -> int:
    return sum(len(claim.recipients) for claim in claims)
