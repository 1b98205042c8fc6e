"""What a run is about to send, in its order, with the octets of small messages read together."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass
from functools import partial
from itertools import islice

from mailserver.services import delivery_load
from mailserver.services.delivery_load import Letter
from mailserver.services.delivery_loop import at_desk
from mailserver.services.delivery_office import Office
from mailserver.services.queue import Claim

# Small messages that are read together, at most.
TOGETHER = 100


@dataclass(frozen=True, slots=True)
class Due:
    """A claim that waits for its turn; `letter` is None when it is gone."""

    claim: Claim
    letter: Letter | None


class Line(deque[Due]):
    """Who comes next stands left. Used on one event loop."""

    def __init__(self, office: Office) -> None:
        super().__init__()
        self._office = office
        self._contents: dict[int, bytes] = {}
        self._loading = asyncio.Lock()

    async def octets(self, letter: Letter, *, ahead: bool) -> bytes:
        """Of a small message that is not in line any more; those of the next are read with it, if `ahead`.

        Raises NotFound.
        """
        async with self._loading:
            if letter.id not in self._contents:
                next_ones = (due.letter for due in islice(self, TOGETHER) if due.letter) if ahead else ()
                self._contents |= await self._office.contents(delivery_load.first([letter, *next_ones]))
            octets = self._contents.pop(letter.id, None)
        return await at_desk(partial(delivery_load.content, letter)) if octets is None else octets
