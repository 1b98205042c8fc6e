"""The change bell for open pages: each stream has a queue of what its account's bell says (servers/bells.py).

The page then asks what changed. Pages also ask when a stream opens and once a minute, so a ring that is lost while
Redis is away is only late.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakKeyDictionary

from django.conf import settings

from mailserver.servers.bells import Bells

# A page that does not read is told once that it missed something; more would only fill memory.
_QUEUE = 8


class Hub:
    def __init__(self, url: str) -> None:
        self.bells = Bells(url)

    @asynccontextmanager
    async def listening(self, account_id: int) -> AsyncIterator[asyncio.Queue[str]]:
        """A queue of what the account's bell says, as JSON text: mailbox id → modseq."""
        queue = asyncio.Queue[str](_QUEUE)

        def tell(text: str) -> None:
            if not queue.full():
                queue.put_nowait(text)

        await self.bells.add(account_id, tell)
        try:
            yield queue
        finally:
            await self.bells.remove(account_id, tell)


_hubs: WeakKeyDictionary[asyncio.AbstractEventLoop, Hub] = WeakKeyDictionary()


def hub() -> Hub:
    """The hub of the running event loop: one in each serving process."""
    loop = asyncio.get_running_loop()
    if loop not in _hubs:
        _hubs[loop] = Hub(settings.CORREIO.redis_url)
    return _hubs[loop]
