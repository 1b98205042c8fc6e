"""The memory of a process: what large messages leave behind, and what is looked at for garbage."""

from __future__ import annotations

import ctypes
import gc

# uvloop has a buffer of 256 KiB for each connection with TLS, of which it hardly ever uses more than the first page.
# Blocks of their own are pages nobody has touched; out of the heap they are whatever was there before: an idle IMAP
# connection took 52 kB, and takes 33.
BLOCK = 256 * 1024

# New objects after which the young ones are looked at, and how often the older ones are (Python's own: 700, 10, 10).
GENERATIONS = (5_000, 20, 10)

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


def settle() -> None:
    """Call it when a server is ready: what is there now stays until its end and is not looked at for garbage any more.

    Python goes through all objects again and again, and Django's modules are 300,000 of them: a fifth of what a
    delivery cost a worker (0.09 ms of 0.48), a fortieth with this.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GENERATIONS)
