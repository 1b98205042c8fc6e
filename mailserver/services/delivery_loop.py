"""The event loop of a process that delivers, in a thread of its own: servers that do not answer cost no thread.

Database work goes to the desk, a few threads beside it that keep their connections.
"""

from __future__ import annotations

import asyncio
import resource
import threading
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

Answer = TypeVar("Answer")

# Files a process may open, if the system allows it: one for each conversation.
MOST_FILES = 8192

# A connection nobody has used for so many seconds is looked at before it is used again: the database may have gone.
UNUSED = 1.0

# Together with Celery's threads not far above the 12 connections of a process's pool.
_desk = ThreadPoolExecutor(max_workers=3, thread_name_prefix="queue-desk")
# When the thread last used its connections; those of all threads.
_thread = threading.local()
_kept: set[BaseDatabaseWrapper] = set()
_lock = threading.Lock()
_loop: asyncio.AbstractEventLoop | None = None


def submit(work: Coroutine[Any, Any, Answer]) -> Future[Answer]:
    """Have the loop do it; the loop starts with the first."""
    global _loop
    with _lock:
        if _loop is None:
            _allow_files()
            _loop = uvloop.new_event_loop()
            threading.Thread(target=_loop.run_forever, name="delivery", daemon=True).start()
    return asyncio.run_coroutine_threadsafe(work, _loop)


def running() -> bool:
    return _loop is not None


async def at_desk(work: Callable[[], Answer]) -> Answer:
    """Run database work in a thread of the desk, where no event loop runs."""
    return await asyncio.get_running_loop().run_in_executor(_desk, _with_connection, work)


def _with_connection(work: Callable[[], Answer]) -> Answer:
    """Over the connection that the thread has: to take one from the pool costs a question to the database.

    After any fault it goes back, and the pool looks at it before it gives it to anybody.
    """
    if time.monotonic() - getattr(_thread, "used", 0.0) > UNUSED:
        connections.close_all()
    try:
        answer = work()
    except BaseException:
        connections.close_all()
        raise
    if any(connection.errors_occurred for connection in connections.all(initialized_only=True)):
        connections.close_all()
    _kept.update(connections.all(initialized_only=True))
    _thread.used = time.monotonic()
    return answer


def leave_desk() -> None:
    """Close the connections that its threads have kept, once nothing is under way."""
    while _kept:
        connection = _kept.pop()
        connection.inc_thread_sharing()
        connection.close()
        connection.dec_thread_sharing()


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
