"""Who is connected: at most so many from one address, so many in all, and everybody is told when we stop."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Protocol

from mailserver.servers.crowd import Crowd
from mailserver.services.crowd import Place


class Guest(Protocol):
    """A connection, as the register sees it."""

    def stop(self) -> None:
        """End politely, after the command under way."""


class Register:
    """The open connections of one process. None means no bound; `crowd` knows of those of its siblings.

    Signing in takes a connection off its address's account: the page and a whole office behind one address each send
    for many people.
    """

    def __init__(
        self, *, per_address: int | None, total: int, per_account: int | None = None, crowd: Crowd | None = None
    ) -> None:
        self._per_address = per_address
        self._per_account = per_account
        self._total = total
        self._guests: dict[Guest, str] = {}
        self._counted: Counter[str] = Counter()
        self._crowd = crowd
        self._places: dict[Guest, Place] = {}
        self.empty = asyncio.Event()
        self.empty.set()

    def __len__(self) -> int:
        return len(self._guests)

    def another(self) -> Register:
        """One of the same bounds for an address and in all, of this process alone."""
        return Register(per_address=self._per_address, total=self._total)

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

    async def confirm(self, guest: Guest) -> bool:
        """Whether there is room for one that was let in here among all processes too; before anything is said."""
        address = self._guests.get(guest, "")
        return await self._share(guest, address)

    async def sign_in(self, guest: Guest, account_id: int) -> bool:
        """As `trust`, for a guest that counts for its account from now on; whether there is room for it."""
        self.trust(guest)
        account = f"account {account_id}"
        if self._per_account is None or guest not in self._guests:
            return True
        if self._counted[account] >= self._per_account:
            return False
        self._guests[guest] = account
        self._counted[account] += 1
        return await self._share(guest, account, self._per_account)

    async def _share(self, guest: Guest, whose: str, most: int | None = None) -> bool:
        if self._crowd is None or not whose:
            return True
        place = await self._crowd.enter(whose, most)
        if place is None:
            return False
        if self._guests.get(guest) == whose:
            self._places[guest] = place
        else:
            # It went while we asked.
            self._crowd.leave(place)
        return True

    def trust(self, guest: Guest) -> None:
        """From now on the guest does not count for its address."""
        self._uncount(guest, self._guests.get(guest, ""))
        if guest in self._guests:
            self._guests[guest] = ""

    def leave(self, guest: Guest) -> None:
        self._uncount(guest, self._guests.pop(guest, ""))
        if not self._guests:
            self.empty.set()

    def stop(self) -> None:
        """Ask every guest to go."""
        for guest in list(self._guests):
            guest.stop()

    async def close(self) -> None:
        """When nobody is left."""
        if self._crowd is not None:
            await self._crowd.close()

    def _uncount(self, guest: Guest, address: str) -> None:
        place = self._places.pop(guest, None)
        if place is not None and self._crowd is not None:
            self._crowd.leave(place)
        if address:
            self._counted[address] -= 1
            if not self._counted[address]:
                del self._counted[address]
