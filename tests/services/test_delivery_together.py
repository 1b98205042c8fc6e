"""Questions that come while another is asked go together, and one that is to blame harms no other."""

from __future__ import annotations

import asyncio
import threading

import pytest
from django.db import OperationalError

from mailserver.services.delivery_together import MOST, Together

pytestmark = pytest.mark.django_db(transaction=True)


class Ask:
    """Answers with the double; `wrong` are questions that fail."""

    def __init__(self, wrong=(), fault=ValueError) -> None:
        self.batches: list[list[int]] = []
        self.wrong, self.fault = wrong, fault
        self.asked, self.go = threading.Event(), threading.Event()

    def __call__(self, wanted) -> list[int]:
        self.batches.append(list(wanted))
        self.asked.set()
        assert self.go.wait(30)
        if bad := [each for each in wanted if each in self.wrong]:
            raise self.fault(f"not {bad}")
        return [2 * each for each in wanted]


async def answers(ask: Ask, first: list[int], then: list[int]) -> list[object]:
    """Of questions that come at once, and of those that come while they are asked."""
    together = Together(ask)
    asked = [asyncio.create_task(together(number)) for number in first]
    await asyncio.to_thread(ask.asked.wait)
    asked += [asyncio.create_task(together(number)) for number in then]
    await asyncio.sleep(0)
    ask.go.set()
    return await asyncio.gather(*asked, return_exceptions=True)


def test_those_that_come_meanwhile_are_asked_as_one():
    ask = Ask()
    assert asyncio.run(answers(ask, [1, 2], [3, 4, 5])) == [2, 4, 6, 8, 10]
    assert ask.batches == [[1, 2], [3, 4, 5]]


def test_never_more_than_so_many():
    ask = Ask()
    asyncio.run(answers(ask, [0], list(range(MOST + 1))))
    assert [len(batch) for batch in ask.batches] == [1, MOST, 1]


def test_one_that_fails_is_told_apart():
    ask = Ask(wrong=[2])
    first, second, third = asyncio.run(answers(ask, [1, 2, 3], []))
    assert (first, third) == (2, 6)
    assert isinstance(second, ValueError)


def test_without_a_database_nobody_is_asked_again():
    ask = Ask(wrong=[2], fault=OperationalError)
    found = asyncio.run(answers(ask, [1, 2, 3], []))
    assert [type(each) for each in found] == [OperationalError] * 3
    assert ask.batches == [[1, 2, 3]]


def test_who_waits_no_longer_is_left_out():
    ask = Ask()

    async def given_up() -> list[int]:
        together = Together(ask)
        one, other = asyncio.create_task(together(1)), asyncio.create_task(together(2))
        await asyncio.to_thread(ask.asked.wait)
        one.cancel()
        await asyncio.sleep(0)
        ask.go.set()
        return [await other, await together(3)]

    assert asyncio.run(given_up()) == [4, 6]
