"""How many connections a destination is worth: more with success, fewer with failures."""

from __future__ import annotations

import threading
import time

# Connections that a destination begins with, once its first message has reached a server.
START = 2.0

# A process that computes for so much of its time has no use for more connections.
FULL, EVERY = 0.8, 0.05

# Destinations remembered; the longest unused is forgotten first.
MOST = 10_000


class Pace:
    """One destination's number of connections between 1 and `most`.

    As many successes as there are connections bring one more; a connection refused, lost or told 421 halves them.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = min(START, float(most))

    @property
    def limit(self) -> int:
        return int(self._limit)

    def succeeded(self) -> None:
        self._limit = min(float(self._most), self._limit + 1 / self._limit)

    def failed(self) -> None:
        self._limit = max(1.0, self._limit / 2)


class Effort:
    """How much of its time this process computes, looked at every `EVERY` seconds."""

    def __init__(self) -> None:
        self._since, self._spent = time.monotonic(), time.process_time()
        self._full = False

    def full(self) -> bool:
        """Whether it is `FULL` of the time: Python computes on one core only."""
        now = time.monotonic()
        if now - self._since >= EVERY:
            spent = time.process_time()
            self._full = spent - self._spent > FULL * (now - self._since)
            self._since, self._spent = now, spent
        return self._full


class Paces:
    """What this process has learnt about destinations."""

    def __init__(self, most: int = MOST) -> None:
        self._known: dict[str, Pace] = {}
        self._most = most
        self._lock = threading.Lock()

    def of(self, domain: str, connections: int) -> Pace:
        with self._lock:
            pace = self._known.pop(domain, None) or Pace(connections)
            self._known[domain] = pace
            if len(self._known) > self._most:
                del self._known[next(iter(self._known))]
            return pace
