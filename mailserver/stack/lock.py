"""One run per data folder.

The lock is a `flock` on a file whose descriptor every child inherits, so it is held until the last process of a
run is gone, also when its supervisor was killed.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mailserver.errors import ConfigurationError

# How long the processes of a killed supervisor may take to stop by themselves.
_LEFTOVERS_SECONDS = 20


@contextmanager
def hold(data_dir: Path, patience: float = _LEFTOVERS_SECONDS) -> Iterator[int]:
    """Hold the folder's lock and give its descriptor, to be inherited by the children.

    Raises ConfigurationError when another run has it; leftovers of a killed run are waited for.
    """
    path = data_dir / "lock"
    data_dir.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        _take(descriptor, data_dir, patience)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield descriptor
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def _take(descriptor: int, data_dir: Path, patience: float) -> None:
    end = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(descriptor, 20, 0).decode()
            if owner and _alive(int(owner)):
                raise ConfigurationError(
                    f"Correio already runs on {data_dir} (process {owner}). "
                    f"Stop it, or set CORREIO_DATA_DIR (and the ports) to run a second one beside it."
                ) from None
            if time.monotonic() > end:
                raise ConfigurationError(
                    f"Processes of an earlier run still use {data_dir}, though its supervisor is gone. "
                    f"Find them with: fuser {data_dir / 'lock'}"
                ) from None
            time.sleep(0.1)
        else:
            return


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
