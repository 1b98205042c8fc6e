"""Ports for the servers of tests, given to one process at a time."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
from pathlib import Path

CLAIMS = Path(tempfile.gettempdir()) / f"correio-test-ports-{os.getuid()}"
OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_held: dict[int, int] = {}
"""Descriptor of the lock by port: the system drops it with this process, however it ends."""


def free_ports(count: int) -> list[int]:
    """Ports nobody listens on and no other process of the tests was given.

    Servers listen on theirs seconds after they were picked, and not while they are started anew; so a look whether
    somebody listens is not enough: with two workers, one run of all tests in some gave a port twice.
    """
    found: list[int] = []
    candidates = _candidates()
    while len(found) < count:
        port = candidates.pop()
        if port not in _held and _claim(port):
            found.append(port)
    return found


def _candidates() -> list[int]:
    """In random order, outside the range from which the system picks those of outgoing connections if it can be."""
    low, high = map(int, OUTGOING.read_text().split())
    ports = range(10240, 65536)
    outside = [port for port in ports if not low <= port <= high] or list(ports)
    random.shuffle(outside)
    return outside


def _claim(port: int) -> bool:
    CLAIMS.mkdir(exist_ok=True)
    lock = os.open(CLAIMS / str(port), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        os.close(lock)
        return False
    _held[port] = lock
    return True
