"""`manage.py runpop3` as a process of its own, on the tests' database."""

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
class RunPop3:
    process: subprocess.Popen[bytes]
    clear: int
    encrypted: int
    log: Path

    def output(self) -> str:
        return self.log.read_text(errors="replace")


@contextmanager
def runpop3(folder: Path, *arguments: str, environ: Mapping[str, str] | None = None) -> Iterator[RunPop3]:
    """Start it, wait until it listens or has ended, and make sure that it is gone in the end."""
    clear, encrypted = free_ports(2)
    pem, log = folder / "pop3.pem", folder / "pop3.log"
    pem.write_bytes(self_signed())
    name = connection.settings_dict["NAME"]
    ours = {
        "DJANGO_SETTINGS_MODULE": "webmail.settings",
        "CORREIO_DATABASE_URL": urlsplit(settings.CORREIO.database_url)._replace(path=f"/{name}").geturl(),
        "CORREIO_HOSTNAME": "mx.hamburger.edu",
        "CORREIO_POP3_PORT": str(clear),
        "CORREIO_POP3S_PORT": str(encrypted),
        "CORREIO_TLS_CERT": str(pem),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "manage.py"), "runpop3", *arguments],
            cwd=ROOT,
            env={**os.environ, **ours, **(environ or {})},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=follow_parent(signal.SIGTERM),
        )
    running = RunPop3(process, clear, encrypted, log)
    try:
        deadline = time.monotonic() + 60
        while "listening: " not in running.output() and process.poll() is None:
            assert time.monotonic() < deadline, running.output()
            time.sleep(0.02)
        yield running
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(30)
