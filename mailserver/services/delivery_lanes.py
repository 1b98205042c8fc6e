"""What a worker takes upon itself at once: so many destinations, so many octets.

Some of its threads always stay free of slow servers, and large messages wait before they are read into memory.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
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


class Lanes:
    """`count` destinations are worked off at the same time; others wait in line, each at most once.

    Who comes when all lanes are taken leaves its destination here and is free for other work: the thread that is ready
    next goes on with it. What waits is lost with the process, and the sweep finds it again.
    """

    def __init__(self, count: int) -> None:
        self._free = count
        self._waiting: dict[str, None] = {}
        self._lock = threading.Lock()

    def run(self, domain: str, work: Callable[[str], int]) -> int:
        """`work(domain)`, and then for all that waits; the sum. 0 when the domain has to wait itself.

        Raises the first exception of `work`, after the others have had their turn.
        """
        done, faults = 0, []
        following = self._enter(domain)
        while following is not None:
            try:
                done += work(following)
            except Exception as fault:
                faults.append(fault)
            following = self._leave()
        if faults:
            raise faults[0]
        return done

    def _enter(self, domain: str) -> str | None:
        with self._lock:
            if not self._free:
                self._waiting[domain] = None
                return None
            self._free -= 1
            return domain

    def _leave(self) -> str | None:
        with self._lock:
            following = next(iter(self._waiting), None)
            if following is None:
                self._free += 1
            else:
                del self._waiting[following]
            return following
