"""Questions of many destinations to the database, asked as one.

A destination alone costs a worker as many statements as a hundred together, and statements are most of what a dead
one costs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Generic, TypeVar

from django.db import InterfaceError, OperationalError

from mailserver.services.delivery_loop import at_desk

# Questions that are asked as one, at most.
MOST = 100

Wanted = TypeVar("Wanted")
Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Together(Generic[Wanted, Answer]):
    """`ask` gives the answers to several questions, in their order. Those that come while it works wait for the next
    time, so nobody waits for company. Used on one event loop.
    """

    def __init__(self, ask: Callable[[Sequence[Wanted]], Sequence[Answer]]) -> None:
        self._ask = ask
        self._waiting: list[tuple[Wanted, asyncio.Future[Answer]]] = []
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self, wanted: Wanted) -> Answer:
        """Raises what `ask` raises."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._waiting.append((wanted, answer))
        if self._asking is None:
            self._asking = asyncio.create_task(self._ask_all())
        return await answer

    async def _ask_all(self) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._settle(batch)
        finally:
            self._asking = None

    async def _settle(self, batch: Sequence[tuple[Wanted, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await at_desk(partial(self._ask, [wanted for wanted, _ in batch]))
        except Exception as fault:
            if len(batch) == 1 or isinstance(fault, (OperationalError, InterfaceError)):
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(fault)
                return
            # One of them may be to blame, and the others must not suffer for it.
            logger.warning("%d questions not answered together, now one by one", len(batch), exc_info=True)
            for one in batch:
                await self._settle([one])
        else:
            for (_, answer), said in zip(batch, answers, strict=True):
                if not answer.done():
                    answer.set_result(said)
