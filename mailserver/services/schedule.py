"""When a deferred recipient is tried again, and when we give up."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

# A server that comes back after a breakdown should not meet all its waiting mail in the same second.
JITTER = 0.1


def delay(attempts: int, schedule: Sequence[timedelta]) -> timedelta:
    """The pause after `attempts` tries (from 1): the schedule's steps in order, then its last one for ever, ±10 %."""
    step = schedule[min(max(attempts, 1), len(schedule)) - 1]
    return step * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - spreads load, hides nothing


def next_attempt(
    attempts: int, *, now: datetime, since: datetime, schedule: Sequence[timedelta], expire_after: timedelta
) -> datetime | None:
    """The time of the next try after `attempts` tries; None when the message has been tried long enough.

    `since` is when it could first be sent. The last try falls on the moment of expiry, so that the whole time
    promised is used (RFC 5321 §4.5.4.1).
    """
    deadline = since + expire_after
    if now >= deadline:
        return None
    return min(now + delay(attempts, schedule), deadline)
