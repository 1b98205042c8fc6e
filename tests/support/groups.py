"""A service that says which messages it was given together, and sessions that bring them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Sequence

from mailserver.servers.smtp.committer import Committer
from mailserver.services.inbound import Incoming, Stored


def letter(name: str, size: int = 1) -> Incoming:
    return Incoming(raw=b"x" * size, sender=name, recipients=())


class Store:
    """Answers each message by its sender's name, once `open` is set; `groups` are the names it was given together."""

    def __init__(self, refuse: Callable[[str], Exception | None] = lambda name: None) -> None:
        self.groups: list[list[str]] = []
        self.open = threading.Event()
        self._begun = threading.Semaphore(0)
        self._refuse = refuse

    def deliver(self, batch: Sequence[Incoming]) -> list[Stored | Exception]:
        self.groups.append([incoming.sender for incoming in batch])
        self._begun.release()
        assert self.open.wait(10)
        return [self._refuse(incoming.sender) or Stored(incoming.sender, ()) for incoming in batch]

    async def begun(self, groups: int) -> None:
        """Wait until so many more groups have been given."""
        for _ in range(groups):
            assert await asyncio.to_thread(self._begun.acquire, timeout=10)


async def submit(committer: Committer, letters: Sequence[Incoming]) -> list[asyncio.Task[Stored]]:
    """A session each, all of them waiting."""
    tasks = [asyncio.create_task(committer.deliver(incoming)) for incoming in letters]
    await asyncio.sleep(0)
    return tasks
