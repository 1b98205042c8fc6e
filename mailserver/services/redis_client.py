"""The Redis of `CORREIO_REDIS_URL`, as what counts, remembers and wakes uses it.

A call that Redis does not answer within a second fails with redis.RedisError and is not repeated: a person or another
server waits behind it, and every caller can do without Redis.
"""

from __future__ import annotations

import functools

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry


@functools.lru_cache(maxsize=1)
def redis_client(url: str) -> redis.Redis:
    """One for all threads of this process."""
    return redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0))
