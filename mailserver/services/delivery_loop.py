"""The event loop of a process that delivers, in a thread of its own: servers that do not answer cost no thread.

Database work goes to the desk, a few threads beside it.
"""

from __future__ import annotations

import asyncio
import resource
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

import uvloop
from django.db import close_old_connections

Answer = TypeVar("Answer")

# Files a process may open, if the system allows it: one for each conversation.
MOST_FILES = 8192

_desk = ThreadPoolExecutor(max_workers=4, thread_name_prefix="queue-desk")
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
    """Run database work in a thread of the desk, where no event loop runs; its connection goes back to the pool."""

    def run() -> Answer:
        try:
            return work()
        finally:
            close_old_connections()

    return await asyncio.get_running_loop().run_in_executor(_desk, run)


def _allow_files() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MOST_FILES if hard == resource.RLIM_INFINITY else min(MOST_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
