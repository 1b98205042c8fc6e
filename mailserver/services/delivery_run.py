"""One destination worked off over SMTP: claim ahead, talk over a few kept connections, have it recorded.

The first message goes alone. If it reaches none of the servers, that try is the `silence`, and the others of the run
are spared theirs: a dead server would cost each of them minutes.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from contextlib import suppress
from dataclasses import replace
from functools import partial

from django.conf import settings
from django.db import DatabaseError

from mailserver.net import smtp_client
from mailserver.net.smtp_client import Kept
from mailserver.net.smtp_results import Outgoing, Report, Timeouts
from mailserver.services import delivery_load, queue
from mailserver.services.delivery_hops import Found, by_policy, look_up
from mailserver.services.delivery_line import Due, Line
from mailserver.services.delivery_loop import at_desk
from mailserver.services.delivery_office import Office
from mailserver.services.queue import Claim
from mailserver.services.queue_bell import wake
from mailserver.services.queue_plan import Order, Plan

# Recipients of a claim: few at first and more as they go out fast, so that a worker that dies held few; and at most so
# large a part of what is left, so that workers that share it end together.
FEW, MANY, PART = 40, 1000, 4

# A run ends after so many seconds and the next asks the DNS again.
SECONDS = 60.0

# Messages over one connection, and how long it is kept without any while more are fetched.
MESSAGES = 100
IDLE = 2.0

# Tries that may wait for the database before no more are made.
UNWRITTEN = 1000

logger = logging.getLogger(__name__)


class Run:
    """`work` delivers until nothing is due; `done` are the tries made, `faults` what went wrong on our side."""

    def __init__(self, domain: str, office: Office) -> None:
        self.domain = domain
        self.done = 0
        self.faults: list[BaseException] = []
        self._office = office
        self._pace = office.paces.of(domain, settings.CORREIO.delivery_connections)
        self._timeouts = Timeouts.rfc().capped(settings.CORREIO.stage_timeout)
        self._found = Found(domain)
        self._silence: Report | None = None
        self._explored = False
        self._waiting = Line(office)
        self._token = uuid.uuid4()
        self._batch, self._more = FEW, True
        self._plan: Plan | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._lanes: set[asyncio.Task[None]] = set()
        # Lanes whose connection has carried a message.
        self._speaking = 0
        self._writing: set[asyncio.Future[None]] = set()
        self._end = asyncio.get_running_loop().time() + SECONDS

    async def work(self) -> None:
        try:
            await self._fetch()
            if self._waiting:
                self._found = await look_up(self.domain, await self._office.known(self.domain))
            while self._waiting:
                await self._work_off()
                while self._writing:
                    await asyncio.wait(self._writing)
                if self.over:
                    await at_desk(partial(wake, [self.domain]))
                    break
                self._plan = None  # what has become due since is seen by a new one only
                await self._fetch()
        finally:
            await self._hand_back()

    @property
    def over(self) -> bool:
        """Whether nothing more is claimed, so that the DNS is asked again by the next run."""
        return self._office.closing or asyncio.get_running_loop().time() >= self._end

    async def _fetch(self) -> None:
        wanted = self._batch
        claims, letters, self._plan, left, helped = await self._office.claims(self._order(wanted))
        self._office.leases.hold(claims)
        self._waiting += [Due(claim, letters.get(claim.entry_id)) for claim in claims]
        self._batch, self._more = min(MANY, wanted * 4, max(FEW, left // PART)), left > 0
        if left >= FEW and not helped:
            # Another process, if there is one, may take its share. The bell may come back to this one.
            await at_desk(partial(wake, [self.domain]))

    def _order(self, wanted: int) -> Order:
        plan = self._plan if self._plan and self._plan.holds else None
        return Order(self.domain, wanted, self._token, plan)

    def _fetch_ahead(self) -> None:
        if self._more and self._fetching is None and not self.over and len(self._waiting) < self._batch // 2:
            self._fetching = asyncio.create_task(self._fetch())
            self._fetching.add_done_callback(self._fetched)

    def _fetched(self, task: asyncio.Task[None]) -> None:
        self._fetching = None
        if not task.cancelled() and (fault := task.exception()):
            self._more = False
            self.faults.append(fault)
        self._staff()

    async def _work_off(self) -> None:
        """All that waits and is fetched meanwhile."""
        self._staff()
        while self._lanes or self._fetching:
            await asyncio.wait([*self._lanes, *filter(None, [self._fetching])], return_when=asyncio.FIRST_COMPLETED)
            self._staff()

    def _staff(self) -> None:
        """As many lanes as the destination is worth, and never more than wait in line."""
        most = self._pace.limit if self._explored else 1
        if not self._office.closing:
            for _ in range(min(most, len(self._waiting)) - len(self._lanes)):
                lane = asyncio.create_task(self._lane())
                self._lanes.add(lane)
                lane.add_done_callback(self._left)

    def _left(self, lane: asyncio.Task[None]) -> None:
        self._lanes.discard(lane)
        if not lane.cancelled() and (fault := lane.exception()):
            self.faults.append(fault)

    async def _lane(self) -> None:
        """Message after message over one kept connection."""
        kept = Kept(MESSAGES, more=self._follows)
        spoke = False
        try:
            while await self._something_waits():
                due = self._waiting.popleft()
                self._fetch_ahead()
                reached = await self._try(due, kept, others=self._speaking > spoke)
                if reached is None:
                    return
                self._speaking += reached and not spoke
                spoke = spoke or reached
                self._explored = True
                self._staff()
        finally:
            self._speaking -= spoke
            await kept.leave()

    def _follows(self) -> bool:
        return bool(self._waiting or self._fetching)

    async def _something_waits(self) -> bool:
        while len(self._writing) > UNWRITTEN:
            await asyncio.wait(self._writing, return_when=asyncio.FIRST_COMPLETED)
        if not self._waiting and self._fetching:
            await asyncio.wait([self._fetching], timeout=IDLE)
        return bool(self._waiting) and not self._office.closing

    async def _try(self, due: Due, kept: Kept, *, others: bool) -> bool | None:
        """Whether a server heard of it; None when no more connections can be had while `others` talk, and it waits."""
        try:
            report = await self._report(due, kept)
            if report is None:
                self._office.leases.let_go(due.claim)
                return True
            nobody = not report.reached and all(result.outcome == "deferred" for result in report.results)
            if not self._silence:
                self._learn(report)
            if nobody and others:
                self._waiting.appendleft(due)
                return None
            if nobody and not self._explored:
                self._silence = report
            self.done += 1
            written = self._office.books.add(due.claim, report)
            self._writing.add(written)
            written.add_done_callback(partial(self._written, due.claim))
        except Exception as fault:
            await self._stumbled(due.claim, fault)
            return True
        return not nobody

    async def _report(self, due: Due, kept: Kept) -> Report | None:
        """One delivery over the network; None when the entry is gone."""
        recipients = tuple(claimed.address for claimed in due.claim.recipients)
        if self._found.refusal:
            return self._found.refused(recipients)
        if self._silence:
            return self._found.not_called(recipients, self._silence)
        if due.letter is None:
            return None
        if due.letter.size <= delivery_load.SMALL:
            octets = await self._waiting.octets(due.letter, ahead=self._explored)
            return await self._deliver(due.claim, delivery_load.outgoing(due.letter, due.claim, octets), kept)
        async with self._office.cargo.afloat(due.letter.size):
            octets = await at_desk(partial(delivery_load.content, due.letter))
            return await self._deliver(due.claim, delivery_load.outgoing(due.letter, due.claim, octets), kept)

    async def _deliver(self, claim: Claim, outgoing: Outgoing, kept: Kept) -> Report:
        told: list[tuple[Report, Report]] = []

        def taken(report: Report) -> None:
            told[:] = [(report, self._found.introduced(report))]
            self._office.notes.add(claim, told[0][1])

        report = await smtp_client.deliver(
            self._found.hops,
            outgoing,
            hostname=settings.CORREIO.hostname,
            timeouts=self._timeouts,
            kept=kept,
            taken=taken,
        )
        if told and told[0][0] is report:
            return told[0][1]
        if not report.reached and by_policy(report, outgoing):
            report = replace(report, reached=True)
        return self._found.introduced(report)

    def _learn(self, report: Report) -> None:
        """A connection refused, lost or ended by the server: there were too many. More help no process that is busy."""
        lost = not report.reached or any(r.outcome == "deferred" and r.code in (0, 421) for r in report.results)
        if lost:
            self._pace.failed()
        elif not self._office.effort.full():
            self._pace.succeeded()

    def _written(self, claim: Claim, written: asyncio.Future[None]) -> None:
        self._writing.discard(written)
        if fault := written.exception():
            rest = asyncio.ensure_future(self._stumbled(claim, fault))
            self._writing.add(rest)
            rest.add_done_callback(self._writing.discard)
        else:
            self._office.notes.settle(claim)
            self._office.leases.let_go(claim)

    async def _stumbled(self, claim: Claim, fault: BaseException) -> None:
        """Push the rows ahead. Without a database the lease does it: it ends, and the sweep takes the rows back."""
        logger.error("the try of queue entry %s stumbled", claim.entry_id, exc_info=fault)
        self.faults.append(fault)
        self._office.leases.let_go(claim)
        try:
            await at_desk(partial(queue.put_off, claim, fault))
        except DatabaseError:
            self._office.notes.leave(claim)
        else:
            self._office.notes.settle(claim)

    async def _hand_back(self) -> None:
        if self._fetching:
            await asyncio.wait([self._fetching])
        left = [due.claim for due in self._waiting]
        self._waiting.clear()
        for claim in left:
            self._office.leases.let_go(claim)
        if left:
            with suppress(DatabaseError):  # their leases end
                await at_desk(partial(queue.hand_back, left))
