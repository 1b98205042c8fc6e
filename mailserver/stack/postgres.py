"""The embedded PostgreSQL: one cluster, one unix socket, no port, no password.

The 0700 folder of the socket is the access control, so local connections are trusted.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import psycopg
from psycopg import sql

from mailserver.errors import ConfigurationError
from mailserver.stack import binaries, memory, places
from mailserver.stack.identity import Identity, server_identity

ROLE = "correio"
DATABASE = "correio"

# SIGINT is PostgreSQL's fast stop; SIGTERM would wait until every client has left by itself.
STOP_SIGNAL = signal.SIGINT

# Connections of the web, SMTP and worker processes together; an unused slot costs a few kilobytes.
_OPTIONS = {
    "max_connections": "200",
    "listen_addresses": "",
    "log_min_messages": "warning",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Mail queries are short: compiling one takes longer than running it.
    "jit": "off",
}

# For throwaway data: nothing needs to outlive a crash, and there is little of it.
VOLATILE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "shared_buffers": "128MB"}

# Pages that PostgreSQL keeps by itself, in MB: an eighth of the memory within these bounds. The documents that a search
# for frequent words reads have 130 MB for 100,000 messages; from outside of it each page costs as much again, and what
# else is read of such a mailbox, 700 MB, pushes them out. Memory that was never needed is not taken.
_LEAST_BUFFERS, _MOST_BUFFERS, _BUFFERS_SHARE = 128, 1024, 8


def url(sockets: Path, database: str = DATABASE) -> str:
    """A libpq URI (PostgreSQL manual §32.1.1.2) for the server with its socket in `sockets`."""
    return f"postgresql://{ROLE}@/{database}?host={quote(str(sockets), safe='')}"


def buffers(octets: int) -> int:
    """`shared_buffers` in MB, where there are so many octets of memory."""
    return min(max(octets // _BUFFERS_SHARE // 2**20, _LEAST_BUFFERS), _MOST_BUFFERS)


@dataclass(frozen=True, slots=True)
class Postgres:
    """A cluster that is ready to be started with `command()`."""

    software: Path
    data: Path
    sockets: Path
    identity: Identity
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return url(self.sockets)

    def command(self) -> list[str]:
        own = {"unix_socket_directories": str(self.sockets), "shared_buffers": f"{buffers(memory.octets())}MB"}
        settings = {**_OPTIONS, **own, **self.options}
        switches = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return [str(self.software / "postgres"), "-D", str(self.data), *switches]

    def answers(self) -> bool:
        """Whether it takes connections now (False while it starts or recovers)."""
        try:
            psycopg.connect(url(self.sockets, "postgres"), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def create_database(self, name: str = DATABASE) -> None:
        """Make the database when it does not exist."""
        with psycopg.connect(url(self.sockets, "postgres"), autocommit=True) as connection:
            found = connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone()
            if not found:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


def prepare(data_dir: Path, *, options: Mapping[str, str] | None = None, sync: bool = True) -> Postgres:
    """The cluster of `data_dir`, made by initdb when there is none.

    `sync=False` skips initdb's own fsync. Raises ConfigurationError when the programs are missing, the data
    belongs to another major version or user, or initdb fails.
    """
    identity = server_identity(data_dir / "postgres")
    home = places.home(data_dir, "postgres", identity)
    software = places.reachable_software(binaries.postgres(), home, identity)
    data = home / "data"
    if data.exists():
        _check_version(data, software)
        _drop_stale_pid_file(data / "postmaster.pid")
    else:
        _initialise(software, data, identity, sync=sync)
    return Postgres(software, data, places.socket_folder(home, identity), identity, options or {})


def _initialise(software: Path, data: Path, identity: Identity, *, sync: bool) -> None:
    """Make the cluster under another name first, so that an interrupted initdb leaves nothing half-made."""
    unfinished = data.with_suffix(".new")
    if unfinished.exists():
        shutil.rmtree(unfinished)
    # C.UTF-8 sorts the same on every machine; the wheel has no ICU.
    command = [str(software / "initdb"), "-D", str(unfinished), "-U", ROLE, "--auth=trust", "-E", "UTF8"]
    command += ["--locale=C.UTF-8", "--no-instructions", *([] if sync else ["--no-sync"])]
    done = subprocess.run(  # noqa: S603
        command,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **identity.popen(),
    )
    if done.returncode != 0:
        raise ConfigurationError(f"initdb could not make {data}:\n{done.stdout.strip()}")
    unfinished.rename(data)


def _check_version(data: Path, software: Path) -> None:
    made_by = (data / "PG_VERSION").read_text().strip()
    answer = subprocess.run([software / "postgres", "--version"], capture_output=True, text=True, check=True)  # noqa: S603
    version = answer.stdout.split()[2]
    if version.partition(".")[0] != made_by:
        raise ConfigurationError(
            f"{data} was made by PostgreSQL {made_by} but {software} is {version}. "
            f"Set CORREIO_POSTGRES_BIN to the bin folder of a PostgreSQL {made_by}."
        )


def _drop_stale_pid_file(path: Path) -> None:
    """Remove the pid file of a killed postmaster whose number another program has by now.

    PostgreSQL refuses to start when any process of the same user has that number, which is common after a
    restart of a container. It judges the other cases itself.
    """
    if not path.exists():
        return
    owner = Path("/proc") / path.read_text().split("\n", 1)[0].strip() / "cmdline"
    if not owner.exists():
        return
    program = owner.read_bytes().partition(b"\0")[0]
    if program.rpartition(b"/")[2] != b"postgres":
        path.unlink()
