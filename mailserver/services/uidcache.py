"""The UIDs of folders that were opened lately, once in a process however many sessions have them.

UIDs of a folder only grow, and are never given again: while the next UID and the number of messages are the same, so
are all UIDs, whatever flags have changed.
"""

from __future__ import annotations

from array import array
from collections import OrderedDict
from threading import Lock
from typing import Final, NamedTuple

# 4 octets each.
MOST: Final = 4_000_000


class State(NamedTuple):
    """What tells whether the UIDs are still the same."""

    mailbox_id: int
    uidvalidity: int
    uidnext: int
    total: int


NOTHING: Final = State(0, 0, 0, 0)


class UidCache:
    """Nobody may change the arrays. Used by several threads."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: OrderedDict[str, tuple[State, array[int]]] = OrderedDict()
        self._count = 0
        self._lock = Lock()

    def state(self, key: str) -> State:
        """For which state there are UIDs."""
        with self._lock:
            return self._held[key][0] if key in self._held else NOTHING

    def get(self, key: str, state: State) -> array[int] | None:
        with self._lock:
            held = self._held.get(key)
            if held is None or held[0] != state:
                return None
            self._held.move_to_end(key)
            return held[1]

    def keep(self, key: str, state: State, uids: array[int]) -> None:
        """Those not asked for the longest time make room."""
        with self._lock:
            self._drop(key)
            self._held[key] = state, uids
            self._count += len(uids)
            while self._count > self._most:
                self._drop(next(iter(self._held)))

    def _drop(self, key: str) -> None:
        if key in self._held:
            self._count -= len(self._held.pop(key)[1])
