"""The change bell: one Redis publish per account after a commit.

It is only a hint to look at the rows above the modseq one knows. A lost ring costs at most the minute until
listeners compare counters, so a Redis that is away is logged and never fails the write that was committed.
"""

from __future__ import annotations

import functools
import json
import logging
from collections.abc import Mapping

import redis
from django.conf import settings
from django.db import transaction

logger = logging.getLogger(__name__)


@functools.lru_cache(maxsize=1)
def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(url, socket_timeout=2, socket_connect_timeout=1)


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
    try:
        client = _client(settings.CORREIO.redis_url)
        if len(accounts) == 1:
            # Nearly all groups of messages, and half the cost.
            for account_id, modseqs in accounts.items():
                client.publish(channel(account_id), _payload(modseqs))
            return
        with client.pipeline(transaction=False) as together:
            for account_id, modseqs in accounts.items():
                together.publish(channel(account_id), _payload(modseqs))
            together.execute()
    except redis.RedisError as error:
        logger.warning("bell of accounts %s not rung: %s", ", ".join(map(str, accounts)), error)


def _payload(modseqs: Mapping[int, int]) -> str:
    return json.dumps({str(mailbox): modseq for mailbox, modseq in modseqs.items()})
