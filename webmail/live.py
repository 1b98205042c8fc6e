"""The change bell for open pages: one Redis subscription in each process, fanned out to the pages' queues.

A ring says only that an account's folders changed and how far (store/bell.py); the page then asks what. Pages also ask
when a stream opens and once a minute, so a ring that is lost while Redis is away is only late.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

import redis.asyncio
from django.conf import settings
from redis.exceptions import RedisError

from mailserver.store.bell import channel

logger = logging.getLogger(__name__)

# A page that does not read is told once that it missed something; more would only fill memory.
_QUEUE = 8
_RETRY_SECONDS = 2.0


class Hub:
    """Queues by Redis channel, and the task that feeds them while there are any."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._queues: dict[str, set[asyncio.Queue[str]]] = defaultdict(set)
        self._pubsub: redis.asyncio.client.PubSub | None = None
        self._reader: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def listening(self, account_id: int) -> AsyncIterator[asyncio.Queue[str]]:
        """A queue of what the account's bell says, as JSON text: mailbox id → modseq."""
        name, queue = channel(account_id), asyncio.Queue[str](_QUEUE)
        first = name not in self._queues
        self._queues[name].add(queue)
        try:
            if self._url and self._reader is None:
                self._reader = asyncio.create_task(self._read())
            elif first and self._pubsub is not None:
                await self._subscribe(name)
            yield queue
        finally:
            await self._leave(name, queue)

    async def _leave(self, name: str, queue: asyncio.Queue[str]) -> None:
        self._queues[name].discard(queue)
        if self._queues[name]:
            return
        del self._queues[name]
        if self._queues or self._reader is None:
            if self._pubsub is not None:
                await self._unsubscribe(name)
            return
        self._reader.cancel()
        self._reader = None

    async def _read(self) -> None:
        """Subscribe to every channel somebody listens to and pass on; after a break, tell all to look."""
        while True:
            client = redis.asyncio.Redis.from_url(self._url)
            try:
                async with client.pubsub() as pubsub:
                    await pubsub.subscribe(*self._queues)
                    self._pubsub = pubsub
                    self._tell_all()
                    async for message in pubsub.listen():
                        if message["type"] == "message":
                            self._tell(message["channel"].decode(), message["data"].decode())
            except RedisError as error:
                logger.warning("pages are not told of changes: %s", error)
            finally:
                self._pubsub = None
                await client.aclose()
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
        for queue in self._queues.get(name, ()):
            if not queue.full():
                queue.put_nowait(text)

    def _tell_all(self) -> None:
        for name in self._queues:
            self._tell(name, "{}")


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop: one in each serving process."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.CORREIO.redis_url)
    return _hubs[loop]
