"""How many sessions of mail programs an account has, in all processes together.

Each session has a place for two minutes and renews it every minute, so the places of a process that was killed are free
again soon. The places are in Redis; without it nobody is turned away here, and each process keeps to its own bound.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping

import redis
from django.conf import settings

from mailserver.services.redis_client import redis_client

logger = logging.getLogger(__name__)

# Seconds.
LEASE = 120
RENEWED_EVERY = 60


def enter(account_id: int, place: str, most: int) -> bool:
    """Take a place; False when the account has `most` already. `place` is any name that no other session has."""
    client = _client()
    if client is None:
        return True
    key, now = _key(account_id), time.time()
    try:
        pipeline = client.pipeline(transaction=True)
        pipeline.zremrangebyscore(key, 0, now)
        pipeline.zadd(key, {place: now + LEASE})
        pipeline.zcard(key)
        pipeline.expire(key, LEASE)
        if pipeline.execute()[2] <= most:
            return True
        client.zrem(key, place)
    except redis.RedisError as error:
        logger.warning("the sessions of account %d are not counted: %s", account_id, error)
        return True
    return False


def renew(places: Mapping[str, int]) -> None:
    """Keep places, by account id; in one exchange."""
    client = _client()
    if client is None or not places:
        return
    until = time.time() + LEASE
    try:
        pipeline = client.pipeline(transaction=False)
        for place, account_id in places.items():
            pipeline.zadd(_key(account_id), {place: until})
            pipeline.expire(_key(account_id), LEASE)
        pipeline.execute()
    except redis.RedisError as error:
        logger.warning("places of %d sessions are not renewed: %s", len(places), error)


def leave(account_id: int, place: str) -> None:
    """Give a place up."""
    client = _client()
    if client is None:
        return
    try:
        client.zrem(_key(account_id), place)
    except redis.RedisError as error:
        logger.info("a place of account %d ends by itself: %s", account_id, error)


def _key(account_id: int) -> str:
    return f"correio:sessions:{account_id}"


def _client() -> redis.Redis | None:
    url = settings.CORREIO.redis_url
    return redis_client(url) if url else None
