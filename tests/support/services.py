"""The PostgreSQL and Valkey that the tests run against: throwaway servers in one temp folder.

Their addresses are fixed by the folder alone, so the settings can be read before the servers run. Only the
controller of a parallel run starts them; its workers inherit the addresses.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

from mailserver.stack import temporary

_started: list[temporary.TemporaryPostgres | temporary.TemporaryRedis] = []


def reserve() -> None:
    """Choose the temp folder and put what `mailserver.conf` reads into the environment. Starts nothing."""
    if "CORREIO_TEST_HOME" in os.environ:
        return
    home = Path(tempfile.mkdtemp(prefix="correio-test-"))
    home.chmod(0o755)
    os.environ["CORREIO_TEST_HOME"] = str(home)
    os.environ["CORREIO_DATA_DIR"] = str(home / "data")
    for variable, address in (
        ("CORREIO_DATABASE_URL", temporary.postgres_url(home / "pg")),
        ("CORREIO_REDIS_URL", temporary.redis_url(home / "valkey")),
    ):
        if variable not in os.environ:
            os.environ[variable] = address
            os.environ["CORREIO_TEST_SERVERS"] = f"{os.environ.get('CORREIO_TEST_SERVERS', '')} {variable}"


def redis_url() -> str:
    """The Redis database of this process: worker gw3 of a parallel run has number 4, a run by itself 0."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "").removeprefix("gw")
    return f"{os.environ['CORREIO_REDIS_URL']}?db={int(worker) + 1 if worker else 0}"


def start() -> None:
    """Start the servers whose addresses `reserve` chose; the others were given from outside."""
    home = Path(os.environ["CORREIO_TEST_HOME"])
    ours = os.environ.get("CORREIO_TEST_SERVERS", "").split()
    if "CORREIO_DATABASE_URL" in ours:
        _started.append(temporary.TemporaryPostgres(home / "pg"))
    if "CORREIO_REDIS_URL" in ours:
        _started.append(temporary.TemporaryRedis(home / "valkey"))
    for server in _started:
        server.start()


def stop() -> None:
    """Stop the servers and remove the folder."""
    while _started:
        _started.pop().stop()
    shutil.rmtree(os.environ["CORREIO_TEST_HOME"], ignore_errors=True)
