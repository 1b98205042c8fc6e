"""Waking the workers. The rows are the truth: a bell that does not ring costs only the time to the next sweep."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from datetime import datetime

import redis
from celery import current_app
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from kombu.exceptions import OperationalError

from mailserver.services.redis_client import redis_client

TASK = "mailserver.tasks.deliver_domains"

# Destinations that one bell rings for: a task costs a worker several ms for itself, more than to call a dead server.
TOGETHER = 50

# Later bells are left to the sweep: a worker keeps tasks with a time in its memory.
SOON = 120.0

# A bell nobody heard for this long has been repeated by the sweep.
STALE = 300.0

logger = logging.getLogger(__name__)


def wake(domains: Iterable[str], *, at: datetime | None = None) -> None:
    """Once the surrounding transaction is committed, have workers look at these destinations, now or `at` a time.

    They are looked at in the order in which they are named. Redis away is logged; the sweep finds the rows.
    """
    names = list(dict.fromkeys(domains))
    transaction.on_commit(lambda: _ring(names, at))


def _ring(domains: Sequence[str], at: datetime | None) -> None:
    seconds = max(0.0, (at - timezone.now()).total_seconds()) if at else 0.0
    if not domains or seconds > SOON:
        return
    try:
        send(TASK, (domains[start : start + TOGETHER] for start in range(0, len(domains), TOGETHER)), countdown=seconds)
    except (OperationalError, redis.RedisError) as error:
        logger.warning("workers not woken for %s, the sweep will find it: %s", ", ".join(domains), error)


def send(task: str, arguments: Iterable[object], *, countdown: float = 0) -> None:
    """Have a worker do the task for each of the arguments. Raises OperationalError, RedisError at once."""
    # The broker's client repeats a failed call for six seconds, in which a person would wait for the 250.
    if settings.CORREIO.redis_url:
        redis_client(settings.CORREIO.redis_url).ping()
    for argument in arguments:
        current_app.send_task(
            task, args=[argument], countdown=countdown or None, expires=countdown + STALE, retry=False
        )
