"""Strangers come twice: the first try of a network, sender and recipient is put off (RFC 6647). Off unless
`CORREIO_GREYLIST` says otherwise.

Programs that send junk seldom try again; mail servers always do. What has passed once is remembered. It is all in
Redis, shared by the processes; without Redis everybody is let in, for mail matters more than the junk in it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from hashlib import blake2b

import redis
from django.conf import settings

from mailserver.errors import Greylisted
from mailserver.services.redis_client import redis_client
from mailserver.services.throttle import network

# RFC 6647 §5 asks to wait at least a day for the second try, and to remember what passed for a week or more: 35 days
# let in a list that writes once a month.
SECOND_TRY = 86400
REMEMBERED = 35 * 86400

_REDIS_AWAY = 5.0
_PREFIX = "correio:grey:"
_redis_away_until = 0.0

logger = logging.getLogger(__name__)


def is_on() -> bool:
    """Whether anybody is asked to come again."""
    return settings.CORREIO.greylist is not None


def check(*, peer: str, sender: str, recipient: str, clock: Callable[[], float] = time.time) -> None:
    """Before a recipient is taken from another server; `sender` is "" for a report. Raises Greylisted."""
    global _redis_away_until
    delay, url = settings.CORREIO.greylist, settings.CORREIO.redis_url
    if delay is None or not url or time.monotonic() < _redis_away_until:
        return
    try:
        passed = _passed(redis_client(url), _key(peer, sender, recipient), int(delay.total_seconds()), clock())
    except redis.RedisError as error:
        _redis_away_until = time.monotonic() + _REDIS_AWAY
        logger.warning("nobody is greylisted while Redis does not answer: %s", error)
        return
    if not passed:
        raise Greylisted(f"Mail from {sender or 'a server'} to {recipient} has to come again.")


def _passed(client: redis.Redis, key: str, delay: int, now: float) -> bool:
    pipeline = client.pipeline(transaction=True)
    pipeline.set(key, int(now), nx=True, ex=max(SECOND_TRY, 2 * delay))
    pipeline.get(key)
    first = int(pipeline.execute()[1])
    if now - first < delay:
        return False
    client.expire(key, REMEMBERED)
    return True


def _key(peer: str, sender: str, recipient: str) -> str:
    """The three as a key of bounded length; a network, because large senders try again from another address of it."""
    said = "\0".join((network(peer), sender.lower(), recipient.lower()))
    return _PREFIX + blake2b(said.encode("utf-8", "replace"), digest_size=16).hexdigest()
