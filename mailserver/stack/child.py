"""One process of the run: how it is started, known to be ready, watched and stopped."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import subprocess
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from mailserver.errors import CorreioError
from mailserver.stack import logs, process
from mailserver.stack.identity import Identity

Say = Callable[[str], None]
Probe = Callable[[], Awaitable[bool]]


class ChildDied(CorreioError):
    """A process of the run ended by itself, or a job failed. `str()` has its name and its last lines."""


@dataclass(frozen=True, slots=True)
class Child:
    """What to start. `ready` is asked until it says yes, or `ready_line` waited for in its output.

    stop_signal: what asks it to end; on_parent_death: what the kernel sends when the supervisor is gone;
    grace: seconds between the stop signal and the kill; quiet_start: its log only goes to the terminal once
    it is ready; listens: host:port by the key of ready.json.
    """

    name: str
    command: list[str]
    cwd: Path
    environ: Mapping[str, str]
    ready: Probe | None = None
    ready_line: bytes = b""
    stop_signal: signal.Signals = signal.SIGTERM
    on_parent_death: signal.Signals = signal.SIGTERM
    grace: float = 10
    patience: float = 90
    quiet_start: bool = False
    identity: Identity = field(default_factory=Identity)
    listens: Mapping[str, str] = field(default_factory=dict)


class Running:
    """A started child."""

    def __init__(self, child: Child, handle: asyncio.subprocess.Process, log: logs.Log, say: Say) -> None:
        self.child = child
        self._handle = handle
        self._log = log
        self._alarms = logs.Alarms(child.name, say, time.monotonic)
        self._muted = child.quiet_start
        self._line_seen = asyncio.Event()
        assert handle.stdout is not None
        self._pump = asyncio.create_task(logs.follow(handle.stdout, self._take))
        self._ended = asyncio.create_task(handle.wait())

    @property
    def pid(self) -> int:
        return self._handle.pid

    async def ended(self) -> int:
        """Wait for its end and give the exit code, negative for a signal's number."""
        await asyncio.wait({self._ended})
        return self._ended.result()

    def tail(self) -> list[str]:
        """The last lines of its output."""
        return self._log.tail()

    def mute(self) -> None:
        """From now on its output goes to the log file only (while everything stops, errors are expected)."""
        self._muted = True

    async def wait_ready(self) -> None:
        """Return when it answers. Raises ChildDied when it does not in time."""
        try:
            async with asyncio.timeout(self.child.patience):
                if self.child.ready_line:
                    await self._line_seen.wait()
                if self.child.ready:
                    await _poll(self.child.ready)
        except TimeoutError:
            raise ChildDied(self._report(f"does not answer after {self.child.patience:.0f} s")) from None
        self._muted = False

    async def finish(self) -> None:
        """Wait for the end of a job. Raises ChildDied when it fails."""
        code = await self.ended()
        await self._drain()
        self._log.close()
        if code != 0:
            raise ChildDied(self._report(_ending(code)))

    async def death(self) -> ChildDied:
        """Wait for an end that nobody asked for, as the error to report."""
        code = await self.ended()
        await self._drain()
        return ChildDied(self._report(_ending(code)))

    async def stop(self) -> None:
        """Ask it to end, kill it when it does not, and kill what is left of its process group."""
        if not self._ended.done():
            with contextlib.suppress(ProcessLookupError):
                self._handle.send_signal(self.child.stop_signal)
            await asyncio.wait({self._ended}, timeout=self.child.grace)
        process.end_group(self.pid)
        await self.ended()
        await self._drain()
        self._log.close()

    async def _drain(self) -> None:
        """Read what is left of its output; a grandchild that holds the pipe open is not waited for."""
        await asyncio.wait({self._pump}, timeout=1)
        self._pump.cancel()

    def _take(self, line: bytes) -> None:
        self._log.write(line)
        if self.child.ready_line and self.child.ready_line in line:
            self._line_seen.set()
        if not self._muted:
            self._alarms.see(line)

    def _report(self, what: str) -> str:
        last = "\n".join(f"    {line}" for line in self._log.tail())
        return f"{self.child.name} {what}. Its last lines:\n{last}\n  The whole log: {self._log.path}"


async def start(child: Child, log_folder: Path, say: Say, keep_open: tuple[int, ...] = ()) -> Running:
    """Start the child in a session of its own. keep_open: descriptors it inherits."""
    log = logs.Log(log_folder / f"{child.name}.log")
    try:
        handle = await asyncio.create_subprocess_exec(
            *child.command,
            cwd=child.cwd,
            env=dict(child.environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            # Its own session: Ctrl-C in the terminal reaches the supervisor only, which stops in order.
            start_new_session=True,
            preexec_fn=process.follow_parent(child.on_parent_death),
            pass_fds=keep_open,
            **child.identity.popen(),
        )
    except OSError as error:
        log.close()
        raise ChildDied(f"{child.name} cannot be started: {error}") from None
    return Running(child, handle, log, say)


async def _poll(ready: Probe) -> None:
    pause = 0.05
    while not await ready():
        await asyncio.sleep(pause)
        pause = min(pause * 1.3, 0.25)


def _ending(code: int) -> str:
    if code < 0:
        return f"was killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
