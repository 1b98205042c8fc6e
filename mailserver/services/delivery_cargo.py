"""How many octets a worker takes upon itself at once: large messages wait before they are read into memory."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

# A look at the cargo again: neither the wait nor the looks matter beside the time a large message takes.
_LOOK = 0.2


class Cargo:
    """At most `most` octets afloat, or one message. What is not larger than `small` is not counted."""

    def __init__(self, most: int, small: int) -> None:
        self._most, self._small = most, small
        self._afloat = 0
        self._lock = threading.Lock()

    @asynccontextmanager
    async def afloat(self, octets: int) -> AsyncIterator[None]:
        """Wait for room and hold it; the waiting are on different event loops."""
        counted = octets if octets > self._small else 0
        while not self._loaded(counted):  # noqa: ASYNC110 - an asyncio.Event belongs to one loop
            await asyncio.sleep(_LOOK)
        try:
            yield
        finally:
            with self._lock:
                self._afloat -= counted

    def _loaded(self, octets: int) -> bool:
        with self._lock:
            if octets and self._afloat and self._afloat + octets > self._most:
                return False
            self._afloat += octets
            return True
