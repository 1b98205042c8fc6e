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

# Tries in one transaction, and seconds after one in which others gather for the next: a try alone costs ten times as
# much as one among fifteen. The first after a while waits for nobody.
MOST = 400
PAUSE = 0.2

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
        self._next = 0.0

    def add(self, claim: Claim, report: Report) -> Written:
        """Have a try written down; the future ends when it is, or with what went wrong."""
        written: Written = asyncio.get_running_loop().create_future()
        self._waiting.append((claim, report, written))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_all())
        return written

    async def _write_all(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            while self._waiting:
                if len(self._waiting) < MOST:
                    await asyncio.sleep(self._next - loop.time())
                batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
                await self._write(batch)
                self._next = loop.time() + PAUSE
        finally:
            self._writer = None

    async def _write(self, batch: Sequence[Entry]) -> None:
        try:
            alone = set(await _patiently(partial(queue_record_bulk.record_all, [entry[:2] for entry in batch])))
        except Exception:
            logger.warning("%d tries not recorded together, now one by one", len(batch), exc_info=True)
            await self._one_by_one(batch, at_desk)
            return
        _settle(entry for number, entry in enumerate(batch) if number not in alone)
        await self._one_by_one([entry for number, entry in enumerate(batch) if number in alone], _patiently)

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
