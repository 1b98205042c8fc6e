"""The user that PostgreSQL runs as. It refuses to run as root, so root starts it as a system user.

Nothing outside our own folders is ever chmodded: what that user cannot reach is copied to where it can.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from mailserver.errors import ConfigurationError

SYSTEM_USER = "correio"

_SYSTEM_PROGRAMS = "/usr/sbin:/sbin:/usr/bin:/bin"
_USERADD_TRIES = 10


class PopenUser(TypedDict, total=False):
    """The keyword arguments of `subprocess.Popen` that change the user."""

    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a server runs as: `uid` and `gid`, or ourselves when they are None."""

    uid: int | None = None
    gid: int | None = None

    def popen(self) -> PopenUser:
        if self.uid is None or self.gid is None:
            return {}
        return {"user": self.uid, "group": self.gid, "extra_groups": []}

    def own(self, folder: Path) -> None:
        """Make the folder, ours alone (0700), and give it to this user."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.uid is not None and self.gid is not None:
            os.chown(folder, self.uid, self.gid)

    def can(self, *command: str | Path) -> bool:
        """Whether the command, run as this user, succeeds. A real try sees ACLs, mounts and libraries."""
        done = subprocess.run(  # noqa: S603
            [str(word) for word in command],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
            **self.popen(),
        )
        return done.returncode == 0

    def can_use(self, folder: Path) -> bool:
        """Whether this user reaches the folder and may write there."""
        return self.uid is None or self.can("/usr/bin/env", "test", "-w", folder)

    def can_run(self, program: Path) -> bool:
        """Whether this user can start the program (a PostgreSQL one: it must answer to --version)."""
        try:
            return self.can(program, "--version")
        except OSError:
            return False


def server_identity(existing: Path) -> Identity:
    """The user for a server whose folder is `existing` (which need not exist yet).

    Ourselves, unless we are root: then the owner of the folder, or the system user `correio`, made when
    missing. Raises ConfigurationError when such a user cannot be made.
    """
    if os.geteuid() != 0:
        return Identity()
    if existing.exists() and (owner := existing.stat()).st_uid != 0:
        return Identity(owner.st_uid, owner.st_gid)
    user = _find_user() or _make_user()
    return Identity(user.pw_uid, user.pw_gid)


def _find_user() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        return None


def _make_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path=_SYSTEM_PROGRAMS)
    shell = shutil.which("nologin", path=_SYSTEM_PROGRAMS) or "/bin/false"
    command = [useradd or "", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
    command += ["--shell", shell, SYSTEM_USER]
    # Two first starts at once: one useradd finds the password file locked by the other.
    for _ in range(_USERADD_TRIES if useradd else 0):
        subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)  # noqa: S603
        if user := _find_user():
            return user
        time.sleep(0.2)
    raise ConfigurationError(
        "PostgreSQL does not run as root, and the system user `correio` could not be made. "
        "Run this as an ordinary user, or make that user yourself, or set CORREIO_DATABASE_URL."
    )
