"""Work that one account may not fill the process with: so much of it at a time, the rest waits its turn."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """Of all accounts. Belongs to the running loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._turns: dict[int, asyncio.Semaphore] = {}
        self._waiting: Counter[int] = Counter()

    def __len__(self) -> int:
        """How many accounts have something to do."""
        return len(self._turns)

    @asynccontextmanager
    async def of(self, account_id: int) -> AsyncIterator[None]:
        turns = self._turns.setdefault(account_id, asyncio.Semaphore(self._most))
        self._waiting[account_id] += 1
        try:
            async with turns:
                yield
        finally:
            self._waiting[account_id] -= 1
            if not self._waiting[account_id]:
                del self._waiting[account_id], self._turns[account_id]
