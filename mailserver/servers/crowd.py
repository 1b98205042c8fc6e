"""The connections of our process among those of all processes of its kind (services/crowd.py)."""

from __future__ import annotations

import asyncio
import logging
import secrets

from mailserver.servers import bridge
from mailserver.services import crowd
from mailserver.services.crowd import Place

logger = logging.getLogger(__name__)

# So many seconds pass before places that were left are given up, together.
GATHER = 0.05


class Crowd:
    """At most `most` connections of an address, or of whatever else has a name. Belongs to the running loop."""

    def __init__(self, kind: str, most: int) -> None:
        self._kind = kind
        self._most = most
        self._places: set[Place] = set()
        self._left: list[Place] = []
        self._renewal: asyncio.Task[None] | None = None
        self._parting: asyncio.Task[None] | None = None

    async def enter(self, whose: str, most: int | None = None) -> Place | None:
        """A place, to be given to `leave`; None when there is none left."""
        place = Place(self._kind, whose, secrets.token_hex(8))
        if not await bridge.run(crowd.enter, place=place, most=self._most if most is None else most):
            return None
        self._places.add(place)
        if self._renewal is None:
            self._renewal = asyncio.create_task(self._renew())
        return place

    def leave(self, place: Place) -> None:
        self._places.discard(place)
        self._left.append(place)
        if self._parting is None or self._parting.done():
            self._parting = asyncio.create_task(self._part())

    async def close(self) -> None:
        """When nobody is left."""
        if self._renewal is not None:
            self._renewal.cancel()
            await asyncio.gather(self._renewal, return_exceptions=True)
        if self._parting is not None:
            await self._parting

    async def _part(self) -> None:
        while self._left:
            await asyncio.sleep(GATHER)
            left, self._left = self._left, []
            await bridge.run(crowd.leave, places=left)

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(crowd.RENEWED_EVERY)
            try:
                await bridge.run(crowd.renew, places=list(self._places))
            except Exception:
                # Whatever it was, the next time must come.
                logger.exception("the places of %d connections are not renewed", len(self._places))
