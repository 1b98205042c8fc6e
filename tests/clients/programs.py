"""Mail programs of others that the tests run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest

# By program: the package of Debian it is in.
PACKAGES = {
    "mbsync": "isync",
    "mutt": "mutt",
    "fetchmail": "fetchmail",
    "curl": "curl",
    "offlineimap": "offlineimap3",
    "opendkim": "opendkim",
    "gsasl": "gsasl",
}
PATIENCE = 90


def find(program: str) -> str:
    """Where it is; without it the test is skipped, or fails when REQUIRE_CLIENTS=1."""
    # Debian keeps servers where only root looks.
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        _miss(program, PACKAGES[program])
    return found


def plugin(name: str, package: str) -> None:
    """Whether Cyrus SASL has it; else as above."""
    if not any(Path("/usr/lib").glob(f"*/sasl2/{name}")):
        _miss(name, package)


def _miss(what: str, package: str) -> NoReturn:
    reason = f"NO {what} HERE: its tests did not run (on Debian: apt-get install {package})"
    if os.environ.get("REQUIRE_CLIENTS") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def run(
    home: Path, program: str, *arguments: str, environ: Mapping[str, str] | None = None, code: int = 0
) -> subprocess.CompletedProcess[str]:
    """Run it with a home of its own; it must end with `code`. What it says on stderr is part of the failure."""
    kept = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "TERM": "xterm", **(environ or {})}
    done = subprocess.run(
        [find(program), *arguments],
        cwd=home,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == code, f"{program} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done
