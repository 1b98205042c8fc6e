"""Delivering what the queue holds for one destination: here, or over SMTP to its next hop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, close_old_connections

from mailserver.mail import tlsrequired
from mailserver.net import smtp_client
from mailserver.net.mx import NoRoute, next_hops
from mailserver.net.resolver import PolicyResolver
from mailserver.net.smtp_results import Outgoing, Report, Timeouts
from mailserver.services import delivery_dns, delivery_local, queue, queue_record, relays, tls_policies
from mailserver.services.delivery_hops import Found
from mailserver.services.delivery_lanes import Cargo, Lanes
from mailserver.services.queue import Claim
from mailserver.services.queue_bell import wake
from mailserver.store import blobs
from mailserver.store.models import Domain, QueueEntry

# Conversations one worker holds with a destination at the same time.
CONVERSATIONS = 4
BATCH = 40

# A worker turns to other destinations after this many batches or seconds; the bell brings somebody back.
BATCHES = 25
SECONDS = 60.0

# Of so many threads of a worker one is kept for mail that stays here and for the sweep: a dead server costs a thread
# minutes, and there are always some.
KEPT = 4

# What another server has taken must be written down, else it is sent again. So a database that restarts is waited for,
# in seconds and together for less than a lease.
RECORDING_PAUSES = (1, 2, 4, 8, 16)

# Rows are read and results written beside the running conversations, all workers of a process together.
_desk = ThreadPoolExecutor(max_workers=4, thread_name_prefix="queue-desk")

_lanes = Lanes(1)
_cargo = Cargo(most=128 << 20, small=1 << 20)

Answer = TypeVar("Answer")

logger = logging.getLogger(__name__)


def open_lanes(threads: int) -> None:
    """Tell how many threads of this process deliver, before the first does."""
    global _lanes
    _lanes = Lanes(max(1, threads - threads // KEPT))


def deliver_domain(domain: str) -> int:
    """Deliver what is due for a destination (A-label domain or address literal); the number of tries made.

    With it goes what other destinations left when all lanes were taken.
    """
    if Domain.objects.filter(name=domain, hosted=True, transport=Domain.Transport.LOCAL).exists():
        return _work_off(domain, _deliver_here)
    return _lanes.run(domain, _work_off_there)


def _work_off_there(domain: str) -> int:
    destination = _Destination(domain, Found(domain))

    def deliver(held: Sequence[Claim]) -> list[Exception]:
        close_old_connections()  # a connection that waits for a slow server all the time would be missed elsewhere
        return asyncio.run(_deliver_there(destination, held))

    return _work_off(domain, deliver)


def _work_off(domain: str, deliver: Callable[[Sequence[Claim]], list[Exception]]) -> int:
    done, enough = 0, time.monotonic() + SECONDS
    for _ in range(BATCHES):
        held = queue.claim(domain, BATCH)
        if not held:
            return done
        faults = deliver(held)
        if faults:
            raise faults[0]
        done += len(held)
        if time.monotonic() >= enough:
            break
    wake([domain])
    return done


@dataclass
class _Destination:
    """A destination and what this run has learnt about it.

    The first message goes alone. If it reaches none of the servers, that try is the `silence`, and the others of the
    run are spared theirs: a dead server would cost each of them minutes.
    """

    domain: str
    found: Found
    explored: bool = False
    silence: Report | None = None


def _deliver_here(held: Sequence[Claim]) -> list[Exception]:
    faults = []
    for claim in held:
        try:
            delivery_local.deliver(claim)
        except Exception as fault:
            _put_off(claim, fault)
            faults.append(fault)
    return faults


async def _deliver_there(destination: _Destination, held: Sequence[Claim]) -> list[Exception]:
    """Talk for every claim, a few at a time; what went wrong on our side."""
    keeper = asyncio.create_task(_keep_leases(held[0]))
    try:
        destination.found = await _look_up(destination.domain, delivery_dns.resolver())
        alone = 0 if destination.explored else 1
        faults = [await _try(claim, destination) for claim in held[:alone]]
        destination.explored = True
        turns = asyncio.Semaphore(CONVERSATIONS)
        faults += await asyncio.gather(*(_take_turn(turns, claim, destination) for claim in held[alone:]))
    finally:
        keeper.cancel()
        with suppress(asyncio.CancelledError):
            await keeper
    return [fault for fault in faults if fault]


async def _look_up(domain: str, resolver: PolicyResolver) -> Found:
    config = settings.CORREIO
    try:
        hops = await next_hops(
            domain,
            resolver=resolver,
            routes=await _at_desk(relays.table),
            port=config.remote_smtp_port,
            own_names={config.hostname.lower()},
            allow_private=config.allow_private_hops,
        )
    except NoRoute as nowhere:
        return Found(domain, refusal=nowhere)
    hops, findings = await tls_policies.protect(domain, hops, resolver, _at_desk)
    return Found(domain, tuple(hops), findings=findings)


async def _take_turn(turns: asyncio.Semaphore, claim: Claim, destination: _Destination) -> Exception | None:
    async with turns:
        return await _try(claim, destination)


async def _try(claim: Claim, destination: _Destination) -> Exception | None:
    try:
        report = await _talk(claim, destination)
        if report:
            await _write_down(claim, report)
    except Exception as fault:
        await _at_desk(partial(_put_off, claim, fault))
        return fault
    return None


async def _write_down(claim: Claim, report: Report) -> None:
    for pause in RECORDING_PAUSES:
        try:
            await _at_desk(partial(queue_record.record, claim, report))
        except (OperationalError, InterfaceError) as trouble:
            logger.warning("queue entry %s not recorded, again in %d s: %s", claim.entry_id, pause, trouble)
            await asyncio.sleep(pause)
        else:
            return
    await _at_desk(partial(queue_record.record, claim, report))


async def _talk(claim: Claim, destination: _Destination) -> Report | None:
    """One delivery over the network; None when the entry is gone."""
    recipients, found = tuple(claimed.address for claimed in claim.recipients), destination.found
    if found.refusal:
        return found.refused(recipients)
    if destination.silence:
        return found.not_called(recipients, destination.silence)
    entry = await _at_desk(QueueEntry.objects.filter(pk=claim.entry_id).first)
    if entry is None:
        return None
    config = settings.CORREIO
    async with _cargo.afloat(entry.size):
        outgoing = await _at_desk(partial(_outgoing, entry, claim))
        report = await smtp_client.deliver(
            found.hops, outgoing, hostname=config.hostname, timeouts=Timeouts.rfc().capped(config.stage_timeout)
        )
    nobody = not (report.reached or _by_policy(report, outgoing)) and all(
        result.outcome == "deferred" for result in report.results
    )
    if nobody and not destination.explored:
        destination.silence = report
    return found.introduced(report)


def _by_policy(report: Report, outgoing: Outgoing) -> bool:
    """Whether it was about protection that no server was reached: then another message may fare better."""
    if report.hop and report.hop.policy.source == "route":
        return False  # what the administrator asks for holds for all; a smart host that knows us not is not asked again
    asked = outgoing.require_tls or outgoing.tls_optional
    return asked or any(not result.code and result.enhanced.startswith("4.7") for result in report.results)


def _outgoing(entry: QueueEntry, claim: Claim) -> Outgoing:
    content = bytes(entry.prefix) + blobs.read(entry.blob_id)
    return Outgoing(
        entry.sender,
        tuple(claimed.address for claimed in claim.recipients),
        content,
        entry.eight_bit,
        entry.smtputf8,
        require_tls=entry.require_tls,
        tls_optional=tlsrequired.is_optional(content),
        envelope_id=entry.envelope_id,
        full_return=entry.full_return,
        wishes={claimed.address: claimed.wishes for claimed in claim.recipients},
    )


async def _keep_leases(first: Claim) -> None:
    """Renew the leases of a batch (they share a token) for as long as the worker lives."""
    while True:
        await asyncio.sleep(queue.LEASE.total_seconds() / 4)
        with suppress(DatabaseError):  # the next round tries again; a lease that ends meanwhile is not ours any more
            await _at_desk(partial(queue.renew, first.token))


def _put_off(claim: Claim, fault: Exception) -> None:
    """Push the rows ahead. Without a database the lease does it: it ends, and the sweep takes the rows back."""
    logger.exception("the try of queue entry %s stumbled", claim.entry_id, exc_info=fault)
    with suppress(DatabaseError):
        queue.put_off(claim, fault)


async def _at_desk(work: Callable[[], Answer]) -> Answer:
    """Run database work in a thread of the desk, where no event loop runs; its connection goes back to the pool."""

    def run() -> Answer:
        try:
            return work()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_desk, run)
