"""How much memory there is for this run: of the machine, or of the container it is in."""

from __future__ import annotations

import os
from pathlib import Path

# What a container sees as its own bound (Linux, Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/memory.rst).
_BOUNDS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))


def octets() -> int:
    """Octets of memory; of a container that has a bound, the bound."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([machine, *filter(None, map(_written, _BOUNDS))])


def _written(path: Path) -> int:
    """The bound; 0 where there is none: no such file, or the word `max`."""
    try:
        text = path.read_text().strip()
    except OSError:
        return 0
    return int(text) if text.isdigit() else 0
