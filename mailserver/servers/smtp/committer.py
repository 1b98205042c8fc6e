"""Group commit: what many sessions want to file goes into the mailboxes in one transaction, and each is told then.

No timer gathers a group. While one is being filed the next messages wait, so a group is one message on a quiet server
and grows with the load by itself.
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

# How many groups are filed at once: while one waits for its commit the other is read.
COMMITTERS = 2
# Of one group; a larger message is a group of its own.
MOST_MESSAGES = 200
MOST_OCTETS = 4 * 1024 * 1024
# Room on the disk of our data folder below which no mail is taken: the database needs some to go on at all.
RESERVE = 64 * 1024 * 1024

_Waiting = tuple[Incoming, asyncio.Future[Stored]]


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
        self._waiting: deque[_Waiting] = deque()
        self._running: set[asyncio.Task[None]] = set()

    async def deliver(self, incoming: Incoming) -> Stored:
        """File a message with those that wait as well; returns after COMMIT.

        Raises what `sendercheck.deliver` raises, StoreFull, Unavailable. A caller that is cancelled before its group
        begins files nothing.
        """
        answer: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((incoming, answer))
        if len(self._running) < COMMITTERS:
            task = asyncio.create_task(self._work())
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return await answer

    async def close(self) -> None:
        """Wait until nothing is left."""
        while self._running:
            await asyncio.wait(self._running)

    async def _work(self) -> None:
        while group := self._take():
            answers = await self._file([incoming for incoming, _ in group])
            for (_, waiting), answer in zip(group, answers, strict=True):
                if waiting.done():
                    continue  # its session is over
                if isinstance(answer, Exception):
                    waiting.set_exception(answer)
                else:
                    waiting.set_result(answer)

    def _take(self) -> list[_Waiting]:
        """The next group, empty when nobody waits."""
        group: list[_Waiting] = []
        octets = 0
        while self._waiting and len(group) < MOST_MESSAGES:
            incoming, answer = self._waiting[0]
            if group and octets + len(incoming.raw) > MOST_OCTETS:
                break
            self._waiting.popleft()
            if not answer.done():
                octets += len(incoming.raw)
                group.append((incoming, answer))
        return group

    async def _file(self, batch: Sequence[Incoming]) -> Sequence[Answer]:
        try:
            if self._folder and _free(self._folder) < RESERVE:
                raise StoreFull(f"Less than {RESERVE} octets are free in {self._folder}.")
            return await bridge.run(self._service, batch=batch)
        except StoreFull as error:
            logger.error("no mail is taken: %s", error)
            return [error] * len(batch)
        except Exception as error:
            return [error] * len(batch)


def _free(folder: Path) -> int:
    """Octets that an ordinary user may still write there."""
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
