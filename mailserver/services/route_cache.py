"""Routes of the last few seconds. A message to a thousand people, or a thousand messages to one, ask the same again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from mailserver.mail.addresses import Address
from mailserver.services import routing
from mailserver.services.routing import Route

# More than arrives in the few seconds.
PLENTY = 256 * 1024 * 1024


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
        self._rooms: dict[Address, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._known)

    def resolve(self, address: Address) -> Route | None:
        """Like `routing.resolve`, and raises the same."""
        with self._lock:
            route = self._remembered(address)
        if route is not None:
            return route
        route = routing.resolve(address)
        if route is not None:
            with self._lock:
                if len(self._known) >= self._most:
                    self._known.clear()
                    self._rooms.clear()
                self._known[address] = (route, self._clock() + self._seconds)
                self._rooms.pop(address, None)
        return route

    def note_room(self, address: Address, room: int) -> None:
        """Remember for as long as the route how many octets it can take."""
        with self._lock:
            if address in self._known:
                self._rooms[address] = room

    def at_hand(self, address: Address, size: int) -> Route | None:
        """The route when it is remembered and has room in plenty for a message of `size` octets, without a look at
        the database; else None. The room that counts is looked at again when the message is filed.
        """
        with self._lock:
            return self._remembered(address) if self._rooms.get(address, 0) - size > PLENTY else None

    def _remembered(self, address: Address) -> Route | None:
        route, until = self._known.get(address, (None, 0.0))
        return route if until > self._clock() else None
