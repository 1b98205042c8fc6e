"""A complete Correio of its own: `manage.py up` in a temp folder, on free ports."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from mailserver.stack.process import follow_parent
from mailserver.stack.temporary import postgres_url, redis_url
from tests.support import template
from tests.support.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]

PORTS = (
    "CORREIO_HTTP_PORT",
    "CORREIO_MX_PORT",
    "CORREIO_SUBMISSION_PORT",
    "CORREIO_SUBMISSIONS_PORT",
    "CORREIO_IMAP_PORT",
    "CORREIO_IMAPS_PORT",
    "CORREIO_POP3_PORT",
    "CORREIO_POP3S_PORT",
)

# Tests send faster than people do, and do not wait for an undo.
UNBOUND = {
    "CORREIO_UNDO_SEND": "0",
    "CORREIO_SENDING_ALARM": "off",
    "CORREIO_SENDING_HOUR": "0",
    "CORREIO_SENDING_DAY": "0",
}


class Instance:
    """An instance; `with Instance() as one:` starts it, waits for READY, stops it and removes its folder.

    environ: `CORREIO_*` variables on top of the temp folder and free ports; nothing is inherited from the
    tests' own; command: `up` or `practice`; fresh: begin without a cluster, as a first run does, and not with a copy
    of the template. After `start()`: `ready` is ready.json, `processes` the process id by child name.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        *,
        folder: Path | None = None,
        user: int | None = None,
        command: str = "up",
        fresh: bool = False,
        patience: float = 110,
    ) -> None:
        self.folder = folder or Path(tempfile.mkdtemp(prefix="correio-instance-"))
        self.folder.chmod(0o755)
        self.user = user
        self.command = command
        self.fresh = fresh
        if user is not None:
            os.chown(self.folder, user, user)
        self.data_dir = self.folder / "data"
        self.environ = _environment(self.data_dir, environ or {})
        self.patience = patience
        self.ready: dict[str, Any] = {}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()

    @property
    def processes(self) -> dict[str, int]:
        return dict(self.ready["processes"])

    @property
    def database_url(self) -> str:
        """A libpq URI of its database."""
        return postgres_url(self.data_dir)

    @property
    def redis_url(self) -> str:
        return redis_url(self.data_dir)

    @property
    def output(self) -> str:
        """What `manage.py up` has printed so far."""
        return (self.folder / "output").read_text(errors="replace")

    def log(self, name: str) -> str:
        """What the child of this name has printed since its start."""
        return (self.data_dir / "log" / f"{name}.log").read_text(errors="replace")

    def launch(self) -> subprocess.Popen[bytes]:
        """Start `manage.py up` without waiting for anything."""
        # A killed run leaves its own, which would be taken for the new one's.
        (self.data_dir / "ready.json").unlink(missing_ok=True)
        if not self.fresh and not self.data_dir.exists():
            template.lay(self.data_dir)
        with (self.folder / "output").open("wb") as output:
            self.process = subprocess.Popen(
                _as_user(self.user, sys.executable, str(ROOT / "manage.py"), self.command),
                cwd=ROOT,
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=follow_parent(signal.SIGTERM),
            )
        return self.process

    def start(self) -> None:
        """Start and wait for ready.json. Raises AssertionError with the output when it does not come."""
        process = self.launch()
        file = self.data_dir / "ready.json"
        end = time.monotonic() + self.patience
        while not file.exists():
            assert process.poll() is None, f"`up` ended with {process.returncode}:\n{self.output}"
            assert time.monotonic() < end, f"not ready after {self.patience} s:\n{self.output}"
            time.sleep(0.05)
        self.ready = json.loads(file.read_text())

    def stop(self, number: signal.Signals = signal.SIGINT) -> int:
        """Send the signal, wait for the end and give the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def kill(self) -> None:
        """`kill -9` the supervisor and wait until all its children are gone too."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()
        self.wait_gone()

    def wait_gone(self, patience: float = 30) -> None:
        """Wait until no process of the instance is left. Raises AssertionError naming those that stay."""
        end = time.monotonic() + patience
        while left := self.survivors():
            assert time.monotonic() < end, f"still running: {left}"
            time.sleep(0.05)

    def survivors(self) -> dict[int, str]:
        """Command by process id of every process that works on this data folder."""
        return {pid: command for pid, command in _processes() if _belongs(pid, self.data_dir)}

    def manage(self, *arguments: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """Run a `manage.py` command beside the instance, as an operator would in another terminal."""
        return subprocess.run(
            _as_user(self.user, sys.executable, str(ROOT / "manage.py"), *arguments),
            cwd=ROOT,
            env=self.environ,
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    def remove(self) -> None:
        """Stop it when it runs and remove its folder."""
        if self.process is not None and self.process.poll() is None:
            self.stop()
        self.wait_gone()
        shutil.rmtree(self.folder, ignore_errors=True)


def _as_user(user: int | None, *command: str) -> list[str]:
    """The command, run as that user with no right of root but to read everywhere.

    Reading everywhere stands in for a checkout of the user's own: root's may be in a folder closed to others.
    """
    if user is None:
        return list(command)
    reading = "+dac_read_search"
    become = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups", "--pdeathsig=TERM"]
    return [*become, f"--inh-caps={reading}", f"--ambient-caps={reading}", "--", *command]


def _environment(data_dir: Path, more: Mapping[str, str]) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CORREIO_", "DJANGO_", "PYTEST_", "COVERAGE_"))
    }
    ports = dict(zip(PORTS, map(str, free_ports(len(PORTS))), strict=True))
    return {**kept, **ports, "CORREIO_DATA_DIR": str(data_dir), **UNBOUND, **more}


def _processes() -> list[tuple[int, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if command:
                found.append((int(entry.name), command))
    return found


def _belongs(pid: int, data_dir: Path) -> bool:
    """Every process of a run inherits its lock file, whatever it did to its command line."""
    try:
        opened = [os.readlink(entry) for entry in Path(f"/proc/{pid}/fd").iterdir()]
    except OSError:
        return False
    return os.fspath(data_dir / "lock") in opened
