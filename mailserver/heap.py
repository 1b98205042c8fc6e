"""What large messages leave behind in the memory of a process."""

from __future__ import annotations

import ctypes

BLOCK = 1024 * 1024

# <malloc.h>
_M_MMAP_THRESHOLD = -3


def return_large_blocks() -> bool:
    """Have the C library give blocks above `BLOCK` back to the system when they are free; False where it cannot.

    glibc raises its own threshold to the largest block it has seen freed, up to 32 MB (mallopt(3)). From then on
    messages come out of the heaps of their threads and leave holes there: a worker kept 440 MB after three messages of
    30 MB to five destinations, and keeps 130 MB with this.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return bool(mallopt and mallopt(_M_MMAP_THRESHOLD, BLOCK))
