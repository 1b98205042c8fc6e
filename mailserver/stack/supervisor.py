"""The embedded run: starts every process in order, watches them, stops them in reverse.

PostgreSQL, Redis, then the jobs that prepare the tables and static files, then the servers. The end of any of
them ends all. Readiness is a real answer, never a sleep.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from mailserver.errors import CorreioError
from mailserver.stack import child, demo, lock, plan, ports, postgres, ready, redis
from mailserver.stack.child import Child, Running, Say
from mailserver.stack.process import end_group

T = TypeVar("T")

_STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class _Stopped(Exception):
    """Somebody asked for the stop."""


@dataclass(frozen=True, slots=True)
class Beside:
    """What a run has besides the system: children that start before its servers, and words after READY."""

    children: Callable[[plan.Plan], list[Child]]
    words: str


def run(environ: Mapping[str, str], say: Say, beside: Beside | None = None) -> None:
    """Run the whole system until a signal asks it to stop. say: shows a line to the operator.

    Raises ConfigurationError when it cannot start as asked, ChildDied when a process ended by itself.
    """
    began = time.monotonic()
    wanted = plan.make(environ)
    with lock.hold(wanted.config.data_dir) as descriptor:
        ports.check(wanted.config.bind, wanted.ports())
        asyncio.run(_Supervisor(wanted, say, descriptor, began, beside).run())


class _Supervisor:
    def __init__(
        self, wanted: plan.Plan, say: Say, lock_descriptor: int, began: float, beside: Beside | None = None
    ) -> None:
        self._plan = wanted
        self._say = say
        self._lock = lock_descriptor
        self._began = began
        self._beside = beside
        # In the order of their start; those of one group stop together.
        self._groups: list[list[Running]] = []
        self._watchers: list[asyncio.Task[None]] = []
        self._stop_asked = False
        self._first_dead: Running | None = None

    async def run(self) -> None:
        self._end: asyncio.Future[CorreioError | None] = asyncio.get_running_loop().create_future()
        for number in _STOP_SIGNALS:
            asyncio.get_running_loop().add_signal_handler(number, self._ask_stop)
        try:
            facts = await self._unless_ended(self._start())
            ready.write(self._plan.config.data_dir, facts)
            self._say(ready.text(facts, time.monotonic() - self._began))
            if self._beside:
                self._say(self._beside.words)
            await self._unless_ended(asyncio.Event().wait())
        except _Stopped:
            pass
        finally:
            await self._stop()

    async def _start(self) -> dict[str, Any]:
        ready.remove(self._plan.config.data_dir)
        self._say(f"Correio starts in {self._plan.config.data_dir}")
        everything = self._plan.with_stores(await self._postgres(), await self._redis())
        self._groups.append([])
        beside = self._beside.children(everything) if self._beside else []
        await _together(
            *(self._serve(one) for one in beside), *(self._job(job) for job in plan.preparations(everything))
        )
        await _together(
            *(self._serve(server) for server in plan.servers(everything)),
            *([demo.ensure(everything, self._job)] if self._plan.config.demo else []),
        )
        return ready.facts(
            self._plan,
            {key: where for running in self._all() for key, where in running.child.listens.items()},
            demo.accounts(self._plan.config),
            {running.child.name: running.pid for running in self._all()},
        )

    async def _postgres(self) -> str:
        """The URL of the database: the one given from outside, else our own cluster's, started."""
        given = self._plan.environ.get("CORREIO_DATABASE_URL", "").strip()
        if given:
            return given
        cluster = await asyncio.to_thread(postgres.prepare, self._plan.config.data_dir)
        self._groups.append([])
        await self._serve(plan.postgres_child(cluster, self._plan.environ))
        await asyncio.to_thread(cluster.create_database)
        return cluster.url

    async def _redis(self) -> str:
        given = self._plan.environ.get("CORREIO_REDIS_URL", "").strip()
        if given:
            return given
        server = redis.prepare(self._plan.config.data_dir)
        self._groups.append([])
        await self._serve(plan.redis_child(server, self._plan.environ))
        return server.url

    async def _launch(self, what: Child) -> Running:
        folder = self._plan.config.data_dir / "log"
        running = await child.start(what, folder, self._say, keep_open=(self._lock,))
        self._groups[-1].append(running)
        return running

    async def _serve(self, what: Child) -> None:
        running = await self._launch(what)
        self._watchers.append(asyncio.create_task(self._watch(running)))
        await running.wait_ready()
        self._say(f"{what.name} answers")

    async def _job(self, what: Child) -> list[str]:
        """Run it to its end and give its last lines."""
        running = await self._launch(what)
        await running.finish()
        self._groups[-1].remove(running)
        self._say(f"{what.name} is done")
        return running.tail()

    async def _watch(self, running: Running) -> None:
        await running.ended()
        # When one falls others may follow; the first is the cause.
        if self._first_dead is None and not self._end.done():
            self._first_dead = running
            death = await running.death()
            if not self._end.done():
                self._end.set_result(death)

    async def _unless_ended(self, work: Coroutine[Any, Any, T]) -> T:
        """The result of the work. Raises _Stopped or ChildDied when the run ends before."""
        task = asyncio.create_task(work)
        either: set[asyncio.Future[Any]] = {task, self._end}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not self._end.done():
            return task.result()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        raise self._end.result() or _Stopped

    def _ask_stop(self) -> None:
        """First signal: stop in order. Second one: kill."""
        if self._stop_asked:
            for running in self._all():
                end_group(running.pid)
        self._stop_asked = True
        if not self._end.done():
            self._end.set_result(None)

    def _all(self) -> list[Running]:
        return [running for group in self._groups for running in group]

    async def _stop(self) -> None:
        self._say("Stopping")
        for watcher in self._watchers:
            watcher.cancel()
        for running in self._all():
            running.mute()
        for group in reversed(self._groups):
            await asyncio.gather(*(running.stop() for running in group))
        ready.remove(self._plan.config.data_dir)
        self._say("Stopped")


async def _together(*work: Coroutine[Any, Any, object]) -> None:
    """Run all at once; the first error cancels the others and is raised alone."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except ExceptionGroup as failed:
        raise failed.exceptions[0] from None
