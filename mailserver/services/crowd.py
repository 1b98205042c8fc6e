"""How many connections an address or account has at a kind of server, in all its processes together.

Each connection has a place that is renewed every ten seconds and ends after thirty, so what a killed process held is
free again soon. The places are in Redis; without it nobody is turned away here, and each process keeps to its bound.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import redis
from django.conf import settings

from mailserver.services.redis_client import redis_client

logger = logging.getLogger(__name__)

# Seconds.
LEASE = 30
RENEWED_EVERY = 10
_REDIS_AWAY = 5.0

_away_until = 0.0


@dataclass(frozen=True, slots=True)
class Place:
    """Of one connection: `kind` is smtp, imap or pop3, `whose` an address or account, `name` one that no other has."""

    kind: str
    whose: str
    name: str

    @property
    def key(self) -> str:
        return f"correio:connections:{self.kind}:{self.whose}"


def enter(place: Place, most: int) -> bool:
    """Take it; False when there are `most` already."""

    def call(client: redis.Redis) -> bool:
        now = time.time()
        pipeline = client.pipeline(transaction=True)
        pipeline.zremrangebyscore(place.key, 0, now)
        pipeline.zadd(place.key, {place.name: now + LEASE})
        pipeline.zcard(place.key)
        pipeline.expire(place.key, LEASE)
        if pipeline.execute()[2] <= most:
            return True
        client.zrem(place.key, place.name)
        return False

    return _ask(call) is not False


def renew(places: Iterable[Place]) -> None:
    """Keep them, in one exchange; after Redis was emptied they are there again."""

    def call(client: redis.Redis) -> bool:
        until = time.time() + LEASE
        pipeline = client.pipeline(transaction=False)
        for place in places:
            pipeline.zadd(place.key, {place.name: until})
            pipeline.expire(place.key, LEASE)
        pipeline.execute()
        return True

    _ask(call)


def leave(places: Iterable[Place]) -> None:
    """Give them up, in one exchange."""

    def call(client: redis.Redis) -> bool:
        pipeline = client.pipeline(transaction=False)
        for place in places:
            pipeline.zrem(place.key, place.name)
        pipeline.execute()
        return True

    _ask(call)


def _ask(call: Callable[[redis.Redis], bool]) -> bool | None:
    """None while Redis does not answer; then it is left alone for a moment, so that connections do not wait for it."""
    global _away_until
    url = settings.CORREIO.redis_url
    if not url or time.monotonic() < _away_until:
        return None
    try:
        return call(redis_client(url))
    except redis.RedisError as error:
        _away_until = time.monotonic() + _REDIS_AWAY
        logger.warning("connections are counted in this process only: %s", error)
        return None
