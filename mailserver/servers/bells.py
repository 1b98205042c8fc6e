"""The bells of accounts: one Redis subscription in each process, heard by whoever of its sessions or pages listens.

A ring says only that an account's folders changed and how far (store/bell.py). A ring that is lost while Redis is away
is made up for by listeners that also look by themselves once a minute.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress

import redis.asyncio
from redis.exceptions import RedisError

from mailserver.services.listening import channel

logger = logging.getLogger(__name__)

_RETRY_SECONDS = 2.0
# A subscription needs a channel, also when everybody has left meanwhile.
_NOBODY = "correio:bell:nobody"

# Gets what was rung as JSON text: mailbox id → modseq; `{}` when something may have been missed.
Listener = Callable[[str], None]


class Bells:
    """Listeners by Redis channel, and the task that tells them while there are any. Belongs to the running loop."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._listeners: dict[str, set[Listener]] = defaultdict(set)
        self._pubsub: redis.asyncio.client.PubSub | None = None
        self._reader: asyncio.Task[None] | None = None
        # Not while a connection is being made: cancelled then, the client leaves it open.
        self._settled = asyncio.Event()

    def __len__(self) -> int:
        """How many accounts are listened to."""
        return len(self._listeners)

    @property
    def is_subscribed(self) -> bool:
        """Whether a subscription is kept, or tried for."""
        return self._reader is not None

    @property
    def is_connected(self) -> bool:
        """Whether rings reach us at this moment, as far as we know."""
        return self._pubsub is not None

    async def add(self, account_id: int, listener: Listener) -> None:
        name = channel(account_id)
        first = name not in self._listeners
        self._listeners[name].add(listener)
        if self._url and self._reader is None:
            self._reader = asyncio.create_task(self._read())
        elif first and self._pubsub is not None:
            await self._subscribe(name)

    async def remove(self, account_id: int, listener: Listener) -> None:
        name = channel(account_id)
        self._listeners[name].discard(listener)
        if self._listeners[name]:
            return
        del self._listeners[name]
        if self._listeners or self._reader is None:
            if self._pubsub is not None:
                await self._unsubscribe(name)
            return
        await self._stop()

    async def close(self) -> None:
        """Hear nothing any more."""
        self._listeners.clear()
        await self._stop()

    async def _stop(self) -> None:
        reader, self._reader = self._reader, None
        if reader is not None:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._settled.wait(), _RETRY_SECONDS)
            reader.cancel()
            await asyncio.gather(reader, return_exceptions=True)

    async def _read(self) -> None:
        """Subscribe to every channel somebody listens to and pass on; after a break, tell all to look."""
        while True:
            client = redis.asyncio.Redis.from_url(self._url)
            self._settled.clear()
            try:
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe(*self._listeners or [_NOBODY])
                    self._pubsub = pubsub
                    self._settled.set()
                    self._tell_all()
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._tell(message["channel"].decode(), message["data"].decode())
            except RedisError as error:
                logger.warning("nobody is told of changes: %s", error)
            finally:
                self._pubsub = None
                await client.aclose()
                self._settled.set()
            await asyncio.sleep(_RETRY_SECONDS)

    async def _subscribe(self, name: str) -> None:
        try:
            if self._pubsub is not None:
                await self._pubsub.subscribe(name)
        except RedisError as error:
            logger.info("subscribing waits for the next connection: %s", error)

    async def _unsubscribe(self, name: str) -> None:
        try:
            if self._pubsub is not None:
                await self._pubsub.unsubscribe(name)
        except RedisError as error:
            logger.info("the connection is gone, and the subscription with it: %s", error)

    def _tell(self, name: str, text: str) -> None:
        for listener in list(self._listeners.get(name, ())):
            listener(text)

    def _tell_all(self) -> None:
        for name in list(self._listeners):
            self._tell(name, "{}")
