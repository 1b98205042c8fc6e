"""Claims by a plan that was made before."""

from __future__ import annotations

import time
import uuid

import pytest

from mailserver.services import destinations, queue, queue_plan
from mailserver.services.queue_plan import Order
from tests.support.queueing import queued
from tests.support.statements import counted

pytestmark = pytest.mark.django_db(transaction=True)

DOMAIN = "hamburger.edu"


def ordered(most: int, plan=None, token=None) -> queue.Held:
    (held,) = queue.claim_all([Order(DOMAIN, most, token or uuid.uuid4(), plan)])
    return held


def names(held: queue.Held) -> list[str]:
    return [each.address.partition("@")[0] for claim in held.claims for each in claim.recipients]


@pytest.fixture
def five(alice):
    return [queued(alice, f"u{number}@{DOMAIN}") for number in range(5)]


def test_the_next_claim_puts_nothing_in_order_again(five):
    first = ordered(2)
    assert (names(first), first.left, first.helped) == (["u0", "u1"], 3, False)
    with counted() as statements:
        second = ordered(2, first.plan, first.claims[0].token)
    assert names(second) == ["u2", "u3"]
    assert not [each for each in statements if "row_number" in each]


def test_what_somebody_else_has_taken_is_passed_over(five):
    first = ordered(1)
    assert names(ordered(2)) == ["u1", "u2"]
    second = ordered(2, first.plan, first.claims[0].token)
    assert (names(second), second.helped) == (["u3", "u4"], True)


def test_an_old_plan_ends_with_a_look_at_a_new_one(five, alice):
    first = ordered(4)
    queued(alice, f"late@{DOMAIN}")
    second = ordered(4, first.plan, first.claims[0].token)
    assert (names(second), second.plan) == (["u4"], None)
    assert second.left
    third = ordered(4, second.plan, first.claims[0].token)
    assert (names(third), third.left) == (["late"], 0)


def test_nothing_goes_by_a_plan_to_a_destination_that_is_paused_since(five):
    first = ordered(1)
    destinations.pause(DOMAIN, by="admin")
    assert names(ordered(4, first.plan, first.claims[0].token)) == []


def test_a_plan_holds_for_a_while(five, monkeypatch):
    plan = ordered(1).plan
    assert plan.holds
    monkeypatch.setattr(time, "monotonic", lambda: plan.until)
    assert not plan.holds


def test_a_plan_knows_how_many_are_behind_it(five, monkeypatch):
    monkeypatch.setattr(queue_plan, "PLAN", queue_plan.PLAN.replace(f"LIMIT {queue_plan.MOST}", "LIMIT 3"))
    held = ordered(2)
    assert (len(held.plan.ids), held.plan.behind, held.left) == (1, 2, 3)
