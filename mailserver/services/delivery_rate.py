"""Messages per minute that an administrator allows for a destination (`CORREIO_DELIVERY_RATES`).

Counted in Redis for all workers together, by the minute of the clock; without it each process counts for itself.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime

import redis
from django.conf import settings

from mailserver.services.queue_bell import wake
from mailserver.services.redis_client import redis_client

PERIOD = 60

logger = logging.getLogger(__name__)

_lock = threading.Lock()
_here: dict[tuple[str, int], int] = {}


def allowed(domain: str, wanted: int) -> int:
    """How many of `wanted` recipients may be claimed now; they count as sent until `settle`."""
    most = _rate(domain)
    if most is None:
        return wanted
    return max(0, min(wanted, most - (_count(domain, wanted) - wanted)))


def settle(domain: str, *, asked: int, allowed: int, taken: int) -> None:
    """What was allowed and not taken is free again; who was held back is woken with the next minute."""
    if _rate(domain) is None:
        return
    if asked > taken:
        _count(domain, taken - asked)
    if allowed < asked:
        wake([domain], at=datetime.fromtimestamp((_minute() + 1) * PERIOD, UTC))


def _rate(domain: str) -> int | None:
    rates = settings.CORREIO.delivery_rates
    found: int | None = rates.get(domain, rates.get("*"))
    return found


def _minute() -> int:
    return int(time.time() // PERIOD)


def _count(domain: str, more: int) -> int:
    """The sum of this minute after `more`."""
    minute = _minute()
    if settings.CORREIO.redis_url:
        key = f"correio:rate:{domain}:{minute}"
        try:
            with redis_client(settings.CORREIO.redis_url).pipeline(transaction=True) as together:
                together.incrby(key, more)
                together.expire(key, 2 * PERIOD)
                return int(together.execute()[0])
        except redis.RedisError as trouble:
            logger.warning("the rate of %s is counted in this process alone: %s", domain, trouble)
    with _lock:
        for old in [each for each in _here if each[1] != minute]:
            del _here[old]
        _here[domain, minute] = _here.get((domain, minute), 0) + more
        return _here[domain, minute]
