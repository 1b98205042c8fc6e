"""Throwaway servers, started and stopped from plain synchronous code: what the tests and tools use."""

from __future__ import annotations

import shutil
import signal
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from mailserver.errors import ConfigurationError
from mailserver.stack import places, postgres, process, redis
from mailserver.stack.identity import Identity, PopenUser

_START_SECONDS = 60
_STOP_SECONDS = 20


class _Temporary(ABC):
    """A server in a folder of its own (by default a new one in the temp folder), removed at the end."""

    _stop_signal: signal.Signals

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="correio-"))
        self.folder.mkdir(parents=True, exist_ok=True)
        # The server's own user (as root) must reach its folder inside; what is inside is closed by itself.
        self.folder.chmod(0o755)
        self._sockets = self.folder
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abstractmethod
    def start(self) -> None:
        """Start and wait until it answers. Raises ConfigurationError with its last output if it does not."""

    def end(self) -> None:
        """Stop it; what it wrote stays in its folder."""
        if self._process is not None:
            self._process.send_signal(self._stop_signal)
            try:
                self._process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None

    def stop(self) -> None:
        """Stop it and remove its folders."""
        self.end()
        for folder in (self.folder, self._sockets):
            shutil.rmtree(folder, ignore_errors=True)

    def _launch(self, command: list[str], answers: Callable[[], bool], user: PopenUser) -> None:
        log = self.folder / "server.log"
        with log.open("wb") as output:
            self._process = subprocess.Popen(  # noqa: S603
                command,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                preexec_fn=process.follow_parent(self._stop_signal),
                **user,
            )
        end = time.monotonic() + _START_SECONDS
        while not answers():
            if self._process.poll() is not None or time.monotonic() > end:
                last = log.read_text(errors="replace")[-2000:]
                self.stop()
                raise ConfigurationError(f"{command[0]} does not answer:\n{last}")
            time.sleep(0.05)


class TemporaryPostgres(_Temporary):
    """`with TemporaryPostgres() as server:` gives `server.url`, a libpq URI of an empty database."""

    _stop_signal = postgres.STOP_SIGNAL
    url: str

    def start(self) -> None:
        cluster = postgres.prepare(self.folder, options=postgres.VOLATILE, sync=False)
        self.url, self._sockets = cluster.url, cluster.sockets
        self._launch(cluster.command(), cluster.answers, cluster.identity.popen())
        cluster.create_database()


class TemporaryRedis(_Temporary):
    """`with TemporaryRedis() as server:` gives `server.url` in redis-py's form and `server.socket`."""

    _stop_signal = redis.STOP_SIGNAL
    url: str
    socket: Path

    def start(self) -> None:
        server = redis.prepare(self.folder, durable=False)
        self.url, self.socket, self._sockets = server.url, server.socket, server.socket.parent
        self._launch(server.command(), server.answers, Identity().popen())


def postgres_url(folder: Path) -> str:
    """The URL that `TemporaryPostgres(folder)` will have, known before it runs."""
    return postgres.url(places.socket_path(folder / "postgres"))


def redis_url(folder: Path) -> str:
    """The URL that `TemporaryRedis(folder)` will have, known before it runs."""
    return redis.url(places.socket_path(folder / "redis") / "redis.sock")
