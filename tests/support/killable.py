"""A PostgreSQL that keeps its promises, and processes of ours on it, for tests that kill them with -9."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import psycopg

from mailserver.stack import postgres
from mailserver.stack.process import follow_parent
from tests.support import template
from tests.support.instance import ROOT

PATIENCE = 60

System = TypeVar("System", bound="Killable")


class Killable:
    """A cluster with our tables in `folder`. `environ`: variables for the processes of ours, on top of its place."""

    def __init__(self, folder: Path, environ: Mapping[str, str]) -> None:
        folder.chmod(0o755)
        template.lay(folder)
        self.cluster = postgres.prepare(folder, sync=False)
        self.log = (folder / "log").open("wb")
        self.environ = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "webmail.settings",
            "CORREIO_DATA_DIR": str(folder),
            "CORREIO_DATABASE_URL": self.cluster.url,
            "CORREIO_REDIS_URL": f"unix://{folder}/no-redis.sock",
            **environ,
        }
        self.postgres = self._start_postgres()
        self.cluster.create_database()

    def kill_postgres(self) -> None:
        """Kill the whole server and start it again."""
        os.kill(self.postgres.pid, signal.SIGKILL)
        self.postgres.wait(PATIENCE)
        self.postgres = self._start_postgres()
        wait(self.cluster.answers)

    def kill_backend(self, chance: random.Random) -> None:
        """Kill the process of one connection, for which the server ends all others and starts anew."""
        with psycopg.connect(self.cluster.url) as connection:
            found = connection.execute(
                "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()"
            ).fetchall()
        if not found:
            self.kill_postgres()
            return
        os.kill(chance.choice(found)[0], signal.SIGKILL)
        wait(self.cluster.answers)

    def stop(self) -> None:
        self.end(self.postgres, signal.SIGINT)
        self.log.close()

    def end(self, process: subprocess.Popen[bytes], number: int = signal.SIGTERM) -> None:
        process.send_signal(number)
        process.wait(PATIENCE)

    def python(self, *arguments: str) -> subprocess.Popen[bytes]:
        return self.start([sys.executable, *arguments])

    def start(
        self, command: list[str], *, on_parent_death: int = signal.SIGTERM, **more: object
    ) -> subprocess.Popen[bytes]:
        """A process in our environment, whose output goes to the log unless `more`, for Popen, says otherwise."""
        streams = {"stdin": subprocess.DEVNULL, "stdout": self.log, "stderr": self.log, **more}
        return subprocess.Popen(
            command, cwd=ROOT, env=self.environ, preexec_fn=follow_parent(on_parent_death), **streams
        )

    def _start_postgres(self) -> subprocess.Popen[bytes]:
        """Again and again while processes of the one before still leave."""
        end = time.monotonic() + PATIENCE
        while True:
            server = subprocess.Popen(
                self.cluster.command(),
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=self.log,
                stderr=self.log,
                preexec_fn=follow_parent(signal.SIGINT),
                **self.cluster.identity.popen(),
            )
            while server.poll() is None:
                if self.cluster.answers():
                    return server
                time.sleep(0.05)
            assert time.monotonic() < end, "PostgreSQL does not come back"


@contextmanager
def in_a_folder(system: Callable[[Path], System]) -> Iterator[System]:
    """A running system in a folder of its own; both are gone in the end."""
    folder = Path(tempfile.mkdtemp(prefix="correio-kills-"))
    try:
        running = system(folder)
        try:
            yield running
        finally:
            running.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """The ids of the processes it has started."""
    return [*map(int, Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split())]


def wait(done: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < end, "it does not come back"
        time.sleep(0.02)
