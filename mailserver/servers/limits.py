"""Who is connected: at most so many from one address, so many in all, and everybody is told when we stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Protocol


class Guest(Protocol):
    """A connection, as the register sees it."""

    def stop(self) -> None:
        """End politely, after the command under way."""


class Register:
    """The open connections of one process. `per_address` None means no bound.

    Signing in takes a connection off its address's account: the page and a whole office behind one address each send
    for many people.
    """

    def __init__(self, *, per_address: int | None, total: int) -> None:
        self._per_address = per_address
        self._total = total
        self._guests: dict[Guest, str] = {}
        self._counted: Counter[str] = Counter()
        self.empty = asyncio.Event()
        self.empty.set()

    def __len__(self) -> int:
        return len(self._guests)

    def enter(self, guest: Guest, address: str) -> bool:
        """Whether there is room for one more. A guest who is let in must `leave`."""
        full = len(self._guests) >= self._total
        crowded = self._per_address is not None and self._counted[address] >= self._per_address
        if full or crowded:
            return False
        self._guests[guest] = address
        self._counted[address] += 1
        self.empty.clear()
        return True

    def trust(self, guest: Guest) -> None:
        """From now on the guest does not count for its address."""
        self._uncount(self._guests.get(guest, ""))
        if guest in self._guests:
            self._guests[guest] = ""

    def leave(self, guest: Guest) -> None:
        self._uncount(self._guests.pop(guest, ""))
        if not self._guests:
            self.empty.set()

    def stop(self) -> None:
        """Ask every guest to go."""
        for guest in list(self._guests):
            guest.stop()

    def _uncount(self, address: str) -> None:
        if address:
            self._counted[address] -= 1
            if not self._counted[address]:
                del self._counted[address]
