"""Guessing passwords: counted together for SMTP, IMAP, POP3 and the page.

Failures are counted for the account and for the network (/24, /64) they come from; too many in the period of
`settings.CORREIO.login_limits` shut that account or network out for `LOCKED` seconds. A network the account's owner has
signed in from is counted on its own instead, so strangers who guess cannot keep the owner out. The counters are in
Redis; without it each process counts for itself.
"""

from __future__ import annotations

import ipaddress
import logging
import threading
import time
from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Protocol, TypeVar

import redis
from django.conf import settings

from mailserver.errors import TooManyAttempts
from mailserver.services.redis_client import redis_client

logger = logging.getLogger(__name__)

LOCKED = 15 * 60
KNOWN = 30 * 86400
_REDIS_AWAY = 5.0

Result = TypeVar("Result")


def check(address: str, peer: str) -> None:
    """Before a password is looked at. Raises TooManyAttempts."""
    if settings.CORREIO.login_limits is None:
        return
    locks = [f"lock:{key}" for key in _keys(address, peer)]
    if _count(lambda counters: counters.any(locks)):
        raise TooManyAttempts("Too many failed sign-ins. Try again in 15 minutes.")


def failed(address: str, peer: str) -> None:
    """A wrong password, or an account that does not exist."""
    limit = settings.CORREIO.login_limits
    if limit is None:
        return
    for key in _keys(address, peer):
        _count(lambda counters, key=key: counters.fail(key, limit.count, int(limit.period.total_seconds())))


def succeeded(address: str, peer: str) -> None:
    """From now on the owner is known at this network."""
    if settings.CORREIO.login_limits is None:
        return
    pair = _pair(address, peer)
    _count(lambda counters: counters.welcome(f"known:{pair}", [f"fails:{pair}", f"lock:{pair}"]))


def check_act(name: str) -> None:
    """Before something else that may be tried only so often. Raises TooManyAttempts."""
    if _count(lambda counters: counters.any([f"lock:act:{name}"])):
        raise TooManyAttempts("Too many tries. Try again in 15 minutes.")


def count_act(name: str, *, most: int, seconds: int) -> None:
    """Count it; the `most`-th within `seconds` shuts it for `LOCKED` seconds."""
    _count(lambda counters: counters.fail(f"act:{name}", most, seconds))


def network(peer: str) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 one, or "" for what is neither."""
    try:
        address = ipaddress.ip_address(peer.partition("%")[0])
    except ValueError:
        return ""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is None:
            return str(ipaddress.ip_network((address, 64), strict=False))
        address = address.ipv4_mapped
    return str(ipaddress.ip_network((address, 24), strict=False))


def _keys(address: str, peer: str) -> list[str]:
    """What a failure counts against."""
    pair = _pair(address, peer)
    if _count(lambda counters: counters.any([f"known:{pair}"])):
        return [pair]
    return [f"account:{_name(address)}", f"network:{network(peer)}"]


def _pair(address: str, peer: str) -> str:
    return f"pair:{_name(address)}:{network(peer)}"


def _name(address: str) -> str:
    """An address of any length and content as a key."""
    return blake2b(address.strip().lower().encode("utf-8", "replace"), digest_size=16).hexdigest()


class Counters(Protocol):
    def any(self, keys: Iterable[str]) -> bool:
        """Whether one of the keys is set."""

    def fail(self, key: str, most: int, seconds: int) -> None:
        """Count; the `most`-th failure within `seconds` sets the lock."""

    def welcome(self, key: str, forgotten: Iterable[str]) -> None:
        """Set `key` and remove others."""


class RedisCounters:
    def __init__(self, client: redis.Redis) -> None:
        self._client = client

    def any(self, keys: Iterable[str]) -> bool:
        return bool(self._client.exists(*[_PREFIX + key for key in keys]))

    def fail(self, key: str, most: int, seconds: int) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.incr(f"{_PREFIX}fails:{key}")
        pipeline.expire(f"{_PREFIX}fails:{key}", seconds, nx=True)
        if pipeline.execute()[0] >= most:
            pipeline.set(f"{_PREFIX}lock:{key}", 1, ex=LOCKED)
            pipeline.delete(f"{_PREFIX}fails:{key}")
            pipeline.execute()

    def welcome(self, key: str, forgotten: Iterable[str]) -> None:
        pipeline = self._client.pipeline(transaction=True)
        pipeline.set(_PREFIX + key, 1, ex=KNOWN)
        pipeline.delete(*[_PREFIX + name for name in forgotten])
        pipeline.execute()


_PREFIX = "correio:login:"


class ProcessCounters:
    """The same in this process alone, bounded: when it is full, what ends first goes first."""

    MOST_KEYS = 10_000

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._values: dict[str, tuple[int, float]] = {}
        self._lock = threading.Lock()

    def any(self, keys: Iterable[str]) -> bool:
        with self._lock:
            return any(self._get(key) for key in keys)

    def fail(self, key: str, most: int, seconds: int) -> None:
        with self._lock:
            count = self._get(f"fails:{key}") + 1
            until = self._values[f"fails:{key}"][1] if count > 1 else self._clock() + seconds
            self._set(f"fails:{key}", count, until)
            if count >= most:
                del self._values[f"fails:{key}"]
                self._set(f"lock:{key}", 1, self._clock() + LOCKED)

    def welcome(self, key: str, forgotten: Iterable[str]) -> None:
        with self._lock:
            for name in forgotten:
                self._values.pop(name, None)
            self._set(key, 1, self._clock() + KNOWN)

    def _get(self, key: str) -> int:
        count, until = self._values.get(key, (0, 0.0))
        return count if until > self._clock() else 0

    def _set(self, key: str, count: int, until: float) -> None:
        if len(self._values) >= self.MOST_KEYS:
            by_end = sorted(self._values, key=lambda name: self._values[name][1])
            for name in by_end[: self.MOST_KEYS // 2]:
                del self._values[name]
        self._values[key] = (count, until)


class _Call(Protocol):
    def __call__(self, counters: Counters) -> object: ...


_own = ProcessCounters()
_redis_away_until = 0.0


def _count(call: _Call) -> object:
    """With the counters of Redis; with those of this process while Redis does not answer."""
    global _redis_away_until
    url = settings.CORREIO.redis_url
    if url and time.monotonic() >= _redis_away_until:
        try:
            return call(RedisCounters(redis_client(url)))
        except redis.RedisError as error:
            _redis_away_until = time.monotonic() + _REDIS_AWAY
            logger.warning("sign-in failures are counted in this process only: %s", error)
    return call(_own)
