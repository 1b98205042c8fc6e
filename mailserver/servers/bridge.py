"""From the event loops to the services: a bounded pool of threads, the only way a server reaches the database.

`sync_to_async` in its default mode would send every call through one thread. Here each call takes a thread of the
pool; its database connection is looked after on that same thread, before and after the call, so an idle mail session
holds none. Only ids and dataclasses cross.
"""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Protocol, TypeVar

from django.db import InterfaceError, OperationalError, connections
from django.db.backends.base.base import BaseDatabaseWrapper

from mailserver.services import outage

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

# Together not above the 12 connections of a process's database pool (settings.DATABASES): no call waits for one.
THREADS = 6
# A password hash takes 100 MB and a tenth of a second of CPU: people who guess must neither fill the memory nor keep
# the mail waiting.
COSTLY_THREADS = 2
# These keep their connections. No process files messages and is read by mail programs.
KEEPING_THREADS = 2
# A connection nobody has used for so long is looked at before it is used again: the database may have gone.
UNUSED_SECONDS = 1.0

_POOLS = {
    "bridge": THREADS,
    "costly": COSTLY_THREADS,
    "filing": KEEPING_THREADS,
    "reading": KEEPING_THREADS,
    "marking": KEEPING_THREADS,
}
_executors: dict[str, Executor] = {}
# Calls under way in pools that nobody waits for.
_under_way: Counter[str] = Counter()
# When the thread last used its connections; those of all threads.
_thread = threading.local()
_kept: set[BaseDatabaseWrapper] = set()


class Run(Protocol):
    """`run` or one of the others."""

    async def __call__(self, function: Callable[..., Result], **values: object) -> Result: ...


async def run(function: Callable[..., Result], **values: object) -> Result:
    """`function(**values)` in a thread; its result or its exception.

    Raises Unavailable without a database, StoreFull when its disk is full.
    """
    return await _submit("bridge", functools.partial(_on_thread, function, values))


async def run_filing(function: Callable[..., Result], **values: object) -> Result:
    """The same for the few calls that come all the time.

    To take a connection from the pool costs a question to the database, and one that changes hands has prepared less.
    """
    return await _submit("filing", functools.partial(_on_keeping_thread, function, values))


async def run_reading(function: Callable[..., Result], **values: object) -> Result:
    """The same for short questions of mail programs: never for one that waits for a lock or reads a whole folder."""
    return await _submit("reading", functools.partial(_on_keeping_thread, function, values))


async def run_marking(function: Callable[..., Result], **values: object) -> Result:
    """The same for changes of flags, which may wait for a folder's lock: as `run` when all its threads do."""
    if _under_way["marking"] >= KEEPING_THREADS:
        return await run(function, **values)
    _under_way["marking"] += 1
    try:
        return await _submit("marking", functools.partial(_on_keeping_thread, function, values))
    finally:
        _under_way["marking"] -= 1


async def run_costly(function: Callable[..., Result], **values: object) -> Result:
    """The same for calls that check a password."""
    return await _submit("costly", functools.partial(_on_thread, function, values))


async def _submit(pool: str, call: Callable[[], Result]) -> Result:
    # Made at the first call, hence after the fork of `runtime`: threads do not survive a fork.
    if pool not in _executors:
        _executors[pool] = ThreadPoolExecutor(_POOLS[pool], thread_name_prefix=pool)
    return await asyncio.get_running_loop().run_in_executor(_executors[pool], call)


def _on_thread(function: Callable[..., Result], values: dict[str, object]) -> Result:
    _look_after_connections()
    try:
        return _called(function, values)
    finally:
        _look_after_connections()


def _on_keeping_thread(function: Callable[..., Result], values: dict[str, object]) -> Result:
    if time.monotonic() - getattr(_thread, "used", 0.0) > UNUSED_SECONDS:
        _look_after_connections()
    try:
        result = _called(function, values)
    except BaseException:
        _look_after_connections()
        raise
    if any(connection.errors_occurred for connection in connections.all(initialized_only=True)):
        _look_after_connections()
    _kept.update(one for one in connections.all(initialized_only=True) if not one.in_atomic_block)
    _thread.used = time.monotonic()
    return result


def _called(function: Callable[..., Result], values: dict[str, object]) -> Result:
    try:
        return function(**values)
    except (OperationalError, InterfaceError) as error:
        # A line and no traceback: while the database is away every session comes here, again and again.
        logger.error("no database for %s: %s", function.__name__, " ".join(str(error).split()))
        raise outage.unavailable(error) from error


def _look_after_connections() -> None:
    for connection in connections.all(initialized_only=True):
        # Between two calls only a test's connection is in a transaction: the one that `using` shares.
        if not connection.in_atomic_block:
            connection.close_if_unusable_or_obsolete()


def limit_statements(seconds: int) -> None:
    """No statement of this process takes longer than that. Before the first of them."""
    options = connections.settings["default"]["OPTIONS"]
    options["options"] = f"{options['options']} -c statement_timeout={seconds}s"


@contextmanager
def using(executor: Executor) -> Iterator[None]:
    """Send all calls to another executor: in tests one thread that shares the test's connection and transaction."""
    before = dict(_executors)
    _executors.update(dict.fromkeys(_POOLS, executor))
    try:
        yield
    finally:
        _executors.clear()
        _executors.update(before)


def shut_down() -> None:
    """Wait for the calls under way. A later call gets new threads."""
    while _executors:
        _executors.popitem()[1].shutdown(wait=True)
    if _kept:
        # Django closes none in the thread of an event loop, from which this is called.
        with ThreadPoolExecutor(1) as last:
            last.submit(_close_kept).result()


def _close_kept() -> None:
    while _kept:
        connection = _kept.pop()
        connection.inc_thread_sharing()
        connection.close()
        connection.dec_thread_sharing()
