"""Routes of the last few seconds. A message to a thousand people, or a thousand messages to one, ask the same again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mailserver.mail.addresses import Address
from mailserver.services import routing
from mailserver.services.routing import Route


class RouteCache:
    """Routes of addresses for `seconds`, at most `most` of them. Safe to use from several threads.

    What an administrator changes therefore counts after so many seconds. Refusals are not kept.
    """

    def __init__(
        self, *, seconds: float = 5.0, most: int = 10_000, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._seconds = seconds
        self._most = most
        self._clock = clock
        self._known: dict[Address, tuple[Route, float]] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def resolve(self, address: Address) -> Route | None:
        """Like `routing.resolve`, and raises the same."""
        with self._lock:
            route, until = self._known.get(address, (None, 0.0))
        if route is not None and until > self._clock():
            return route
        route = routing.resolve(address)
        if route is not None:
            with self._lock:
                if len(self._known) >= self._most:
                    self._known.clear()
                self._known[address] = (route, self._clock() + self._seconds)
        return route
