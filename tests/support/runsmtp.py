"""`manage.py runsmtp` as a process of its own, on the tests' database."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from mailserver.practice.certificates import self_signed
from mailserver.stack.process import follow_parent
from tests.support.instance import ROOT
from tests.support.ports import free_ports


@dataclass(frozen=True)
class RunSmtp:
    """The process and its ports. `family()` are the ids of its processes, itself first."""

    process: subprocess.Popen[bytes]
    mx: int
    submission: int
    submissions: int
    log: Path

    def family(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [self.process.pid, *map(int, children)]

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(20)

    def peak_memory(self) -> int:
        """The most memory each of its processes ever had, in MB, added up."""
        found = [Path(f"/proc/{pid}/status").read_text() for pid in self.family()]
        return sum(int(text.split("VmHWM:")[1].split()[0]) for text in found) // 1024


@contextmanager
def runsmtp(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[RunSmtp]:
    """Start it, wait until it listens, and make sure that it is gone in the end."""
    mx, submission, submissions = free_ports(3)
    pem, log = folder / "smtp.pem", folder / "smtp.log"
    pem.write_bytes(self_signed())
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "runsmtp", *arguments],
            cwd=ROOT,
            env={**os.environ, **_environ(mx, submission, submissions, pem), **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=follow_parent(signal.SIGTERM),
        )
    try:
        running = RunSmtp(process, mx, submission, submissions, log)
        _wait(running, int(arguments[arguments.index("--processes") + 1]) if "--processes" in arguments else 1)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(20)


def _environ(mx: int, submission: int, submissions: int, pem: Path) -> dict[str, str]:
    name = connection.settings_dict["NAME"]
    return {
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "CORREIO_DATABASE_URL": urlsplit(settings.CORREIO.database_url)._replace(path=f"/{name}").geturl(),
        "CORREIO_HOSTNAME": "mx.hamburger.edu",
        "CORREIO_MX_PORT": str(mx),
        "CORREIO_SUBMISSION_PORT": str(submission),
        "CORREIO_SUBMISSIONS_PORT": str(submissions),
        "CORREIO_TLS_CERT": str(pem),
        "CORREIO_CONNECTION_LIMITS": "off",
    }


def _wait(running: RunSmtp, processes: int) -> None:
    """Each process says when it listens; the port answers as soon as one does."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and running.process.poll() is None:
        if running.output().count("listening: ") == processes:
            return
        time.sleep(0.02)
    raise AssertionError(f"runsmtp does not listen:\n{running.output()}")
