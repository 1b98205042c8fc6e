"""The page served by uvicorn in a process of its own, on the database of the tests: live changes need ASGI."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from django.conf import settings
from django.db import connection
from django.test import Client

from mailserver.practice.certificates import self_signed
from mailserver.store.models import Account
from tests.support.ports import free_ports

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = {"DJANGO_SETTINGS_MODULE": "tests.browser.settings"}


class Server:
    """`start()` it after the test database is made; `url` then says where it is.

    submission_port: where it looks for the mail server, which a test may run there; folder: has that one's certificate.
    """

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.folder = folder
        self.submission_port = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        _collect()
        certificate = self.folder / "server.pem"
        certificate.write_bytes(self_signed())
        port, self.submission_port = free_ports(2)
        self.url = f"http://127.0.0.1:{port}"
        where = connection.settings_dict
        database = f"postgresql://{where['USER']}@/{where['NAME']}?host={where['HOST']}&port={where['PORT']}"
        options = [
            "--port",
            str(port),
            "--lifespan",
            "off",
            "--log-level",
            "warning",
            "--timeout-graceful-shutdown",
            "1",
        ]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "webmail.asgi:application", *options],
            cwd=ROOT,
            env={
                **os.environ,
                **SETTINGS,
                "CORREIO_DATABASE_URL": database,
                "CORREIO_SUBMISSION_PORT": str(self.submission_port),
                "CORREIO_TLS_CERT": str(certificate),
            },
        )
        self._wait()

    def _wait(self) -> None:
        until = time.monotonic() + 90
        while True:
            assert self._process is not None
            assert self._process.poll() is None, "the web server did not start"
            assert time.monotonic() < until, "the web server does not answer"
            try:
                with urllib.request.urlopen(f"{self.url}/healthz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                time.sleep(0.05)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)


def _collect() -> None:
    """Collect the static files, once for all workers of a parallel run."""
    folder = Path(os.environ["CORREIO_TEST_HOME"])
    done = folder / "collected"
    with (folder / "collecting").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            command = [sys.executable, str(ROOT / "manage.py"), "collectstatic", "--no-input", "--verbosity", "0"]
            subprocess.run(command, env={**os.environ, **SETTINGS}, check=True)
            done.touch()


def session_cookie(account: Account) -> dict[str, str]:
    """A signed-in session, without the half second that the sign-in page and its hash cost."""
    client = Client()
    client.force_login(account)
    return {"name": settings.SESSION_COOKIE_NAME, "value": client.cookies[settings.SESSION_COOKIE_NAME].value}
