"""The change bell: one Redis publish per account after a commit.

It is only a hint to look at the rows above the modseq one knows. A lost ring costs at most the minute until
listeners compare counters, so a Redis that is away is logged and never fails the write that was committed.
"""

from __future__ import annotations

import functools
import json
import logging
import os
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

import redis
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


# Connections that are kept between two rings.
_MOST = 8
# redis-py's Connection, which has no types.
_Wire = Any


class _Wires:
    """Connections to Redis. The client's own pool looks at each before it is used, which takes longer than a ring."""

    def __init__(self, url: str) -> None:
        self._pool = redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1).connection_pool
        self._idle: deque[_Wire] = deque()

    def publish(self, rings: Sequence[tuple[str, str]]) -> None:
        """Channels and what is said there, in one packet. Raises redis.RedisError."""
        with suppress(IndexError):
            kept = self._idle.pop()
            # Redis may have been away since; then it is told by another one.
            with suppress(redis.ConnectionError):
                self._say(kept, rings)
                return
        self._say(self._pool.connection_class(**self._pool.connection_kwargs), rings)

    def _say(self, wire: _Wire, rings: Sequence[tuple[str, str]]) -> None:
        packed = [piece for name, text in rings for piece in wire.pack_command("PUBLISH", name, text)]
        wire.send_packed_command([b"".join(packed)])
        for _ in rings:
            wire.read_response()
        if len(self._idle) < _MOST:
            self._idle.append(wire)
        else:
            wire.disconnect()


@functools.lru_cache(maxsize=1)
def _wires(url: str, process: int) -> _Wires:
    """Of a process: those of the one it was forked from are not its own."""
    return _Wires(url)


def channel(account_id: int) -> str:
    """The Redis channel of an account; its messages are JSON objects of mailbox id → modseq."""
    return f"correio:bell:{account_id}"


def ring_on_commit(account_id: int, modseqs: Mapping[int, int]) -> None:
    """Tell listeners, once the surrounding transaction is committed, how far each mailbox has come."""
    ring_all_on_commit({account_id: modseqs})


def ring_all_on_commit(accounts: Mapping[int, Mapping[int, int]]) -> None:
    """The same for several accounts: account id → mailbox id → modseq."""
    transaction.on_commit(lambda: ring_all(accounts))


def ring(account_id: int, modseqs: Mapping[int, int]) -> None:
    """Tell listeners now."""
    ring_all({account_id: modseqs})


def ring_all(accounts: Mapping[int, Mapping[int, int]]) -> None:
    """Tell listeners of all these accounts in one exchange: a Redis that is away must be waited for only once."""
    if not settings.CORREIO.redis_url:
        return
    rings = [(channel(account_id), _payload(modseqs)) for account_id, modseqs in accounts.items()]
    try:
        _wires(settings.CORREIO.redis_url, os.getpid()).publish(rings)
    except redis.RedisError as error:
        logger.warning("bell of accounts %s not rung: %s", ", ".join(map(str, accounts)), error)


def _payload(modseqs: Mapping[int, int]) -> str:
    return json.dumps({str(mailbox): modseq for mailbox, modseq in modseqs.items()})
