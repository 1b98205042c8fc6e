"""Changes as they happen, for the sessions of a process that idle (RFC 2177) or asked to be notified (RFC 5465).

One subscription hears the bells. After a ring the hub waits for a moment, so that a burst is one answer, asks once
what changed in all these mailboxes, and hands that to their sessions. Every minute the counters of all watched
mailboxes are compared, so that a ring that got lost costs a minute at most.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Protocol

from mailserver.errors import CorreioError
from mailserver.servers import bridge
from mailserver.servers.bells import Bells
from mailserver.services import deltas, places, selection
from mailserver.services.deltas import Asked
from mailserver.services.selection import Delta

logger = logging.getLogger(__name__)

GATHER = 0.05
# So many mailboxes are asked about in one statement.
TOGETHER = 200
COMPARE = float(places.RENEWED_EVERY)


class Watcher(Protocol):
    """A session, as the hub sees it. `watched` is the mailbox it has selected and waits for, 0 for none.

    `place` is its name among the sessions of the account.
    """

    account_id: int

    @property
    def place(self) -> str: ...

    @property
    def watched(self) -> int: ...

    @property
    def modseq(self) -> int: ...

    def told(self, delta: Delta) -> None:
        """Something changed in the watched mailbox."""

    def lost(self) -> None:
        """The watched mailbox is gone."""

    def rung(self, modseqs: Mapping[int, int]) -> None:
        """Mailboxes of the account changed, and how far they are; none when something may have been missed."""


class Hub:
    """Belongs to the running loop."""

    def __init__(self, url: str) -> None:
        self._bells = Bells(url)
        self._watchers: dict[int, set[Watcher]] = defaultdict(set)
        self._listeners: dict[int, _Listener] = {}
        self._dirty: dict[int, set[int]] = {}
        self._told = 0.0
        self._work: asyncio.Task[None] | None = None
        self._clock: asyncio.Task[None] | None = None

    @property
    def hears(self) -> bool:
        """Whether sessions are told of changes at this moment."""
        return self._bells.is_connected

    async def join(self, watcher: Watcher) -> None:
        """From now on the watcher is told."""
        account_id = watcher.account_id
        first = account_id not in self._watchers
        self._watchers[account_id].add(watcher)
        if self._clock is None:
            self._clock = asyncio.create_task(self._compare_for_ever())
        if first:
            self._listeners[account_id] = _Listener(self, account_id)
            await self._bells.add(account_id, self._listeners[account_id])

    async def leave(self, watcher: Watcher) -> None:
        account_id = watcher.account_id
        self._watchers[account_id].discard(watcher)
        if not self._watchers[account_id]:
            del self._watchers[account_id]
            await self._bells.remove(account_id, self._listeners.pop(account_id))
        if not self._watchers and self._clock is not None:
            self._clock.cancel()
            self._clock = None

    async def close(self) -> None:
        tasks = [task for task in (self._clock, self._work) if task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._bells.close()

    def hear(self, account_id: int, text: str) -> None:
        """What the bell of an account said."""
        modseqs = {int(mailbox_id): int(modseq) for mailbox_id, modseq in json.loads(text).items()}
        watchers = self._watchers.get(account_id, ())
        for watcher in list(watchers):
            watcher.rung(modseqs)
        # Without names something may have been missed: look at all that are watched.
        wanted = modseqs or {watcher.watched for watcher in watchers}
        if waiting := {watcher.watched for watcher in watchers if watcher.watched in wanted} - {0}:
            self._mark(account_id, waiting)

    def _mark(self, account_id: int, mailbox_ids: Iterable[int]) -> None:
        self._dirty.setdefault(account_id, set()).update(mailbox_ids)
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        loop = asyncio.get_running_loop()
        while self._dirty:
            # The first ring is passed on at once, those that follow it together.
            await asyncio.sleep(max(0.0, self._told + GATHER - loop.time()))
            self._told = loop.time()
            dirty, self._dirty = self._dirty, {}
            asked = [
                Asked(account_id, mailbox_id, min(watcher.modseq for watcher in watchers))
                for account_id, mailbox_ids in dirty.items()
                for mailbox_id in mailbox_ids
                if (watchers := self._watching(account_id, mailbox_id))
            ]
            for at in range(0, len(asked), TOGETHER):
                await self._tell_of(asked[at : at + TOGETHER])

    async def _tell_of(self, asked: list[Asked]) -> None:
        try:
            found = await bridge.run(deltas.together, asked=asked)
        except CorreioError as error:
            # The database is away; the counters are compared in a minute.
            logger.info("no changes of %d mailboxes: %s", len(asked), error)
            return
        for one in asked:
            delta = found[one.mailbox_id]
            for watcher in self._watching(one.account_id, one.mailbox_id):
                if delta is None:
                    watcher.lost()
                elif delta.highestmodseq > watcher.modseq:
                    watcher.told(delta)

    def _watching(self, account_id: int, mailbox_id: int) -> list[Watcher]:
        return [one for one in self._watchers.get(account_id, ()) if one.watched == mailbox_id]

    async def _compare_for_ever(self) -> None:
        while True:
            await asyncio.sleep(COMPARE)
            try:
                await self.compare()
            except Exception:
                # Whatever it was, the next minute must come.
                logger.exception("sessions are not kept up with")

    async def compare(self) -> None:
        """Look whether a watched mailbox is further than its sessions know; let every session check itself and stay."""
        watchers = [watcher for group in self._watchers.values() for watcher in group]
        for watcher in watchers:
            watcher.rung({})
        await bridge.run(places.renew, places={watcher.place: watcher.account_id for watcher in watchers})
        waiting = [watcher for watcher in watchers if watcher.watched]
        if not waiting:
            return
        try:
            modseqs = await bridge.run(selection.counters, mailbox_ids={watcher.watched for watcher in waiting})
        except CorreioError as error:
            logger.info("counters are not compared: %s", error)
            return
        for watcher in waiting:
            if modseqs.get(watcher.watched, 0) > watcher.modseq:
                self._mark(watcher.account_id, [watcher.watched])


class _Listener:
    """What one account's bell calls."""

    def __init__(self, hub: Hub, account_id: int) -> None:
        self._hub, self._account_id = hub, account_id

    def __call__(self, text: str) -> None:
        self._hub.hear(self._account_id, text)
