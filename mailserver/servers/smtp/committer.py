"""Group commit: what many sessions want to file goes into the mailboxes in one transaction, and each is told then.

While a group is being filed the next messages wait, so a group is one message on a quiet server and grows with the load
by itself. The first message of a group costs as much as four more; so once several were answered together, the
next group begins when these have had a moment to bring what they have next.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from mailserver.errors import StoreFull
from mailserver.servers import bridge
from mailserver.services import arrivals
from mailserver.services.arrivals import Answer
from mailserver.services.inbound import Incoming, Stored

logger = logging.getLogger(__name__)

# Of one group.
MOST_MESSAGES = 200
MOST_OCTETS = 4 * 1024 * 1024
# Messages above it are filed beside the others, for they take long. A second group of small ones would only wait for
# the rows of the same folders: with all mail for one folder it cost a fifth of the rate.
LARGE = 1024 * 1024
# Room on the disk of our data folder below which no mail is taken: the database needs some to go on at all.
RESERVE = 64 * 1024 * 1024

# Where the last group had several messages the next waits for those who were answered: at most as long as that one took
# to be filed, and so long, and only while somebody says something in each such part of it.
LONGEST_PAUSE = 0.1
PAUSES = 4

_Waiting = tuple[Incoming, asyncio.Future[Stored]]


class _Lane:
    """Messages that wait, and the task that files them."""

    def __init__(self) -> None:
        self.waiting: deque[_Waiting] = deque()
        self.task: asyncio.Task[None] | None = None

    def take(self) -> list[_Waiting]:
        """The next group, empty when nobody waits."""
        group: list[_Waiting] = []
        octets = 0
        while self.waiting and len(group) < MOST_MESSAGES:
            incoming, answer = self.waiting[0]
            if group and octets + len(incoming.raw) > MOST_OCTETS:
                break
            self.waiting.popleft()
            if not answer.done():
                octets += len(incoming.raw)
                group.append((incoming, answer))
        return group


class Committer:
    """`deliver` files messages of all sessions of a process. Belongs to the loop in which it is called.

    `folder`: the one whose disk must have room, None when that is not ours to know. `close` waits for the messages
    that were taken.
    """

    def __init__(
        self, *, folder: Path | None = None, service: Callable[[Sequence[Incoming]], list[Answer]] = arrivals.deliver
    ) -> None:
        self._folder = folder
        self._service = service
        self._small, self._large = _Lane(), _Lane()
        self._heard = 0

    async def deliver(self, incoming: Incoming) -> Stored:
        """File a message with those that wait as well; returns after COMMIT.

        Raises what the service answers, StoreFull, Unavailable. A caller that is cancelled before its group
        begins files nothing.
        """
        lane = self._large if len(incoming.raw) > LARGE else self._small
        answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        lane.waiting.append((incoming, answer))
        self.hear()
        if lane.task is None or lane.task.done():
            lane.task = asyncio.create_task(self._work(lane))
        return await answer

    def hear(self) -> None:
        """A client is about to bring a message: it said another word of that."""
        self._heard += 1

    async def close(self) -> None:
        """Wait until nothing is left."""
        while running := [lane.task for lane in (self._small, self._large) if lane.task and not lane.task.done()]:
            await asyncio.wait(running)

    async def _work(self, lane: _Lane) -> None:
        now = asyncio.get_running_loop().time
        size, took = 1, 0.0
        while group := await self._gathered(lane, size, took):
            size, began = len(group), now()
            answers = await self._file([incoming for incoming, _ in group])
            took = now() - began
            for (_, waiting), answer in zip(group, answers, strict=True):
                if waiting.done():
                    continue  # its session is over
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)

    async def _gathered(self, lane: _Lane, answered: int, took: float) -> list[_Waiting]:
        """The next group, after `answered` were answered: all of them may come again, and more cannot be known of."""
        if answered > 1:
            expected, pause, heard = answered + len(lane.waiting), min(took, LONGEST_PAUSE) / PAUSES, -1
            for _ in range(PAUSES):
                if len(lane.waiting) >= expected or heard == self._heard:
                    break
                heard = self._heard
                await asyncio.sleep(pause)
        return lane.take()

    async def _file(self, batch: Sequence[Incoming]) -> Sequence[Answer]:
        try:
            if self._folder and _free(self._folder) < RESERVE:
                raise StoreFull(f"Less than {RESERVE} octets are free in {self._folder}.")
            return await bridge.run_filing(self._service, batch=batch)
        except StoreFull as error:
            logger.error("no mail is taken: %s", error)
            return [error] * len(batch)
        except Exception as error:
            return [error] * len(batch)


def _free(folder: Path) -> int:
    """Octets that an ordinary user may still write there."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
