"""Results of all conversations of this process on their way into the database, many in one transaction.

What another server has taken must be written down, else a crash would send it again: so nothing waits for company
longer than `PAUSE`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from typing import TypeVar

from django.db import InterfaceError, OperationalError

from mailserver.net.smtp_results import Report
from mailserver.services import queue_record, queue_record_bulk
from mailserver.services.delivery_loop import at_desk
from mailserver.services.queue import Claim

# Tries in one transaction. What comes while one is written goes into the next; only where that were many, it waits for
# more, in seconds.
MOST = 200
MANY = 10
PAUSE = 0.05

# A database that restarts is waited for, in seconds and together for less than a lease.
RECORDING_PAUSES = (1, 2, 4, 8, 16)

Written = asyncio.Future[None]
Entry = tuple[Claim, Report, Written]
Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


class Books:
    """Used on one event loop."""

    def __init__(self) -> None:
        self._waiting: list[Entry] = []
        self._writer: asyncio.Task[None] | None = None

    def add(self, claim: Claim, report: Report) -> Written:
        """Have a try written down; the future ends when it is, or with what went wrong."""
        written: Written = asyncio.get_running_loop().create_future()
        self._waiting.append((claim, report, written))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return written

    async def _write_all(self) -> None:
        try:
            before = 0
            while self._waiting:
                if before >= MANY and len(self._waiting) < MOST:
                    await asyncio.sleep(PAUSE)
                before = len(self._waiting)
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._write(batch)
        finally:
            self._writer = None

    async def _write(self, batch: Sequence[Entry]) -> None:
        left: Sequence[Entry] = batch
        if len(batch) > 1:
            try:
                alone = set(await _patiently(partial(queue_record_bulk.record_all, [entry[:2] for entry in batch])))
            except Exception:
                logger.warning("%d tries not recorded together, now one by one", len(batch), exc_info=True)
                await self._one_by_one(batch, at_desk)
                return
            left = [entry for number, entry in enumerate(batch) if number in alone]
            _settle(entry for number, entry in enumerate(batch) if number not in alone)
        await self._one_by_one(left, _patiently)

    async def _one_by_one(self, batch: Sequence[Entry], do: Callable[[Callable[[], None]], Awaitable[None]]) -> None:
        for claim, report, written in batch:
            try:
                await do(partial(queue_record.record, claim, report))
            except Exception as fault:
                if not written.done():
                    written.set_exception(fault)
            else:
                _settle([(claim, report, written)])


def _settle(batch: Iterable[Entry]) -> None:
    for _, _, written in batch:
        if not written.done():
            written.set_result(None)


async def _patiently(work: Callable[[], Answer]) -> Answer:
    for pause in RECORDING_PAUSES:
        try:
            return await at_desk(work)
        except (OperationalError, InterfaceError) as trouble:
            logger.warning("results not recorded, again in %d s: %s", pause, trouble)
            await asyncio.sleep(pause)
    return await at_desk(work)
