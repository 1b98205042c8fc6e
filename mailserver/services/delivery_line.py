"""What a run is about to send, in its order, with the octets of small messages read together."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice

from mailserver.services import delivery_load
from mailserver.services.delivery_load import Letter
from mailserver.services.delivery_loop import at_desk
from mailserver.services.delivery_office import Office
from mailserver.services.queue import Claim

# Small messages that are read together, at most; the next are read when fewer than `LOW` are at hand, as nobody should
# have to wait for them.
TOGETHER, LOW = 100, 50

logger = logging.getLogger(__name__)


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
        self._reading: asyncio.Task[None] | None = None

    async def octets(self, letter: Letter, *, ahead: bool) -> bytes:
        """Of a small message that is not in line any more; those of the next are read with it, if `ahead`.

        Raises NotFound.
        """
        while letter.id not in self._contents and self._reading:
            await asyncio.wait([self._reading])
        if letter.id not in self._contents:
            await asyncio.wait([self._read([letter, *self._next()] if ahead else [letter])])
        octets = self._contents.pop(letter.id, None)
        if ahead and self._reading is None and len(self._contents) < LOW and (following := self._next()):
            self._read(following)
        return await at_desk(partial(delivery_load.content, letter)) if octets is None else octets

    def _next(self) -> list[Letter]:
        """Those next in line whose octets are not at hand."""
        letters = (due.letter for due in islice(self, TOGETHER))
        return [letter for letter in letters if letter and letter.id not in self._contents]

    def _read(self, letters: Sequence[Letter]) -> asyncio.Task[None]:
        self._reading = asyncio.create_task(self._load(delivery_load.first(letters)))
        return self._reading

    async def _load(self, letters: list[Letter]) -> None:
        try:
            self._contents |= await self._office.contents(letters)
        except Exception:
            # Each is asked for alone in its turn, and the one to blame stumbles over it.
            logger.warning("the octets of %d messages not read together", len(letters), exc_info=True)
        finally:
            self._reading = None
