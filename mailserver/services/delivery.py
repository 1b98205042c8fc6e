"""Delivering what the queue holds for one destination: here, or over SMTP to its next hop.

Destinations that live here are worked off in the caller's thread; all others on the event loop of this process
(delivery_loop), each by a run (delivery_run), so that a dead server costs a task and no thread.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from concurrent.futures import TimeoutError as TooLate
from contextlib import suppress

from django.db import DatabaseError

from mailserver.services import delivery_local, delivery_loop, queue
from mailserver.services.delivery_office import Office
from mailserver.services.delivery_run import Run
from mailserver.services.queue import Claim
from mailserver.services.queue_bell import wake
from mailserver.store.models import Domain

BATCH = 40

# A worker turns to other work after this many batches filed here; the bell brings somebody back.
BATCHES = 25

# Destinations talked to at the same time. A dead one has a place for as long as its servers may take to answer.
PLACES = 1000

_office = Office()
# The destinations that have a run, and whether the bell rang again meanwhile.
_running: dict[str, bool] = {}
_ended: dict[str, asyncio.Event] = {}
_answering: set[asyncio.Task[int]] = set()
_places = asyncio.Semaphore(PLACES)

logger = logging.getLogger(__name__)


def answer_bell(domains: Sequence[str]) -> None:
    """Deliver what is due for these destinations. Mail for other servers goes on its way without the caller."""
    here = _here(domains)
    delivery_loop.submit(_begin([domain for domain in domains if domain not in here]))
    for domain in here[1:]:
        wake([domain])  # somebody else's, so that they do not wait for each other
    if here:
        _work_off_here(here[0])


def deliver_domain(domain: str) -> int:
    """The same and wait for it (A-label domain or address literal); the number of tries made."""
    return _work_off_here(domain) if _here([domain]) else delivery_loop.submit(_serve(domain)).result()


def close(seconds: float) -> None:
    """Begin nothing new, and give what is under way so long to end."""
    if delivery_loop.running():
        with suppress(TooLate):
            delivery_loop.submit(_close()).result(seconds)
            delivery_loop.leave_desk()


def _here(domains: Sequence[str]) -> list[str]:
    """Those that live here."""
    rows = Domain.objects.filter(name__in=domains, hosted=True, transport=Domain.Transport.LOCAL)
    return list(rows.order_by("name").values_list("name", flat=True))


async def _begin(domains: Iterable[str]) -> None:
    for domain in domains:
        task = asyncio.create_task(_serve(domain))
        _answering.add(task)
        task.add_done_callback(_answered)


async def _serve(domain: str) -> int:
    """One run at a time for each destination; who comes during it has it look again at the end."""
    if domain in _running:
        _running[domain] = True
        await _ended[domain].wait()
        return 0
    _running[domain], _ended[domain] = True, asyncio.Event()
    done = 0
    try:
        async with _places:
            while _running[domain] and not _office.closing:
                _running[domain] = False
                run = Run(domain, _office)
                await run.work()
                done += run.done
                if run.faults:
                    raise run.faults[0]
    finally:
        del _running[domain]
        _ended.pop(domain).set()
    return done


async def _close() -> None:
    _office.closing = True
    for ended in list(_ended.values()):
        await ended.wait()


def _answered(served: asyncio.Task[int]) -> None:
    """A fault has its traceback in the log already, where it belongs to a message."""
    _answering.discard(served)
    if not served.cancelled() and (fault := served.exception()):
        logger.error("delivery stumbled: %s", fault, exc_info=fault)


def _work_off_here(domain: str) -> int:
    done = 0
    for _ in range(BATCHES):
        held = queue.claim(domain, BATCH)
        if not held:
            return done
        faults = _deliver_here(held)
        if faults:
            raise faults[0]
        done += len(held)
    wake([domain])
    return done


def _deliver_here(held: Sequence[Claim]) -> list[Exception]:
    faults = []
    for claim in held:
        try:
            delivery_local.deliver(claim)
        except Exception as fault:
            logger.exception("the try of queue entry %s stumbled", claim.entry_id)
            # Without a database the lease does it: it ends, and the sweep takes the rows back.
            with suppress(DatabaseError):
                queue.put_off(claim, fault)
            faults.append(fault)
    return faults
