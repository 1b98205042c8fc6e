"""The named retry schedule and the end of trying."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailserver.services import schedule

NOW = datetime(2026, 11, 23, 14, 5, tzinfo=UTC)
STEPS = (timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))


@pytest.mark.parametrize(("attempts", "step"), [(0, 0), (1, 0), (2, 1), (3, 2), (4, 2), (100, 2)])
def test_it_takes_the_steps_in_order_and_stays_at_the_last(attempts, step):
    for _ in range(20):
        assert STEPS[step] * 0.9 <= schedule.delay(attempts, STEPS) <= STEPS[step] * 1.1


def following(now: datetime) -> datetime | None:
    return schedule.next_attempt(3, now=now, since=NOW, schedule=STEPS, expire_after=timedelta(days=5))


def test_it_makes_the_last_try_at_the_moment_of_expiry():
    assert following(NOW + timedelta(days=5, minutes=-10)) == NOW + timedelta(days=5)


def test_it_gives_up_after_it():
    assert following(NOW + timedelta(days=5)) is None
