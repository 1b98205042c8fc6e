"""Refusals on their way into the timeline: gathered for a moment and written together.

Whoever guesses addresses by the thousand must cost us neither a transaction each nor memory without bound.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter

from mailserver.errors import Unavailable
from mailserver.servers import bridge
from mailserver.services import refusals
from mailserver.services.refusals import Refusal

logger = logging.getLogger(__name__)

GATHER_SECONDS = 1.0
# Of one address and in all, until the next write.
MOST_OF_ONE = 20
MOST = 500


class Refusals:
    """`note` never waits; what it gathers in `seconds` is written together, and `close` writes what is left.

    Belongs to the loop in which `note` is called.
    """

    def __init__(self, seconds: float = GATHER_SECONDS) -> None:
        self._seconds = seconds
        self._waiting: list[Refusal] = []
        self._noted: Counter[str] = Counter()
        self._writer: asyncio.Task[None] | None = None

    def note(self, refusal: Refusal) -> None:
        """Keep one more; beyond the bounds it is only counted."""
        self._noted[refusal.peer] += 1
        if self._noted[refusal.peer] <= MOST_OF_ONE and len(self._waiting) < MOST:
            self._waiting.append(refusal)
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write_soon())

    async def close(self) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        await self._write()

    async def _write_soon(self) -> None:
        await asyncio.sleep(self._seconds)
        # A stop in the middle of the write must not write the same again.
        await asyncio.shield(self._write())

    async def _write(self) -> None:
        batch, noted = self._waiting, self._noted
        self._waiting, self._noted = [], Counter()
        if left_out := noted.total() - len(batch):
            logger.warning("%d more refusals than are kept, most of them to %s", left_out, noted.most_common(1)[0][0])
        if not batch:
            return
        try:
            await bridge.run(refusals.record, batch=batch)
        except Unavailable:
            # The log has each of them too; mail is not concerned.
            logger.error("%d refusals could not be kept", len(batch))
