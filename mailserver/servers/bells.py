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

from redis.exceptions import RedisError

from mailserver.servers.subscription import Subscription, opened
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
        self._subscription: Subscription | None = None
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
        return self._subscription is not None

    async def add(self, account_id: int, listener: Listener) -> None:
        name = channel(account_id)
        first = name not in self._listeners
        self._listeners[name].add(listener)
        if self._url and self._reader is None:
            self._reader = asyncio.create_task(self._read())
        elif first and self._subscription is not None:
            self._subscription.add(name)

    async def remove(self, account_id: int, listener: Listener) -> None:
        name = channel(account_id)
        self._listeners[name].discard(listener)
        if self._listeners[name]:
            return
        del self._listeners[name]
        if self._listeners or self._reader is None:
            if self._subscription is not None:
                self._subscription.remove(name)
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
            self._settled.clear()
            try:
                subscription = await opened(self._url, self._tell)
                try:
                    subscription.add(*self._listeners or [_NOBODY])
                    self._subscription = subscription
                    self._settled.set()
                    self._tell_all()
                    await subscription.last()
                finally:
                    self._subscription = None
                    await subscription.close()
            except RedisError as error:
                logger.warning("nobody is told of changes: %s", error)
            finally:
                self._settled.set()
            await asyncio.sleep(_RETRY_SECONDS)

    def _tell(self, name: str, text: str) -> None:
        for listener in list(self._listeners.get(name, ())):
            listener(text)

    def _tell_all(self) -> None:
        for name in list(self._listeners):
            self._tell(name, "{}")
