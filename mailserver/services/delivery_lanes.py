"""So many destinations at once, and no more: some threads of a worker always stay free of slow servers."""

from __future__ import annotations

import threading
from collections.abc import Callable


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
