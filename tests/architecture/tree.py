"""The files of the project: what is committed or would be."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

_BUILT = {".git", ".venv", "var", "screenshots", "staticfiles", "__pycache__", "node_modules"}


def files(*suffixes: str) -> list[Path]:
    """The project's files with one of the suffixes (all when none is given), sorted."""
    return sorted(path for path in _tracked() if path.is_file() and (not suffixes or path.suffix in suffixes))


def relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tracked() -> Iterator[Path]:
    """What git knows or would add; every file outside built folders where there is no git, as in an archive."""
    if (ROOT / ".git").exists():
        # safe.directory: the tests may be run by another user than the one who cloned.
        command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others"]
        command += ["--exclude-standard"]
        listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        yield from (ROOT / name for name in listed.split("\0") if name)
        return
    for path in ROOT.rglob("*"):
        if not _BUILT & set(path.relative_to(ROOT).parts):
            yield path
