"""How the servers are started: own session, and a signal when whoever started them is gone."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # prctl(2)
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def follow_parent(on_parent_death: signal.Signals) -> Callable[[], None]:
    """A `preexec_fn` that has the kernel send the signal to the child when its parent dies.

    It must run after a change of user, which would clear the setting; `subprocess` does that in this order.
    The signal follows the *thread* that started the child, so children are started from the main thread.
    """
    parent = os.getpid()

    def arrange() -> None:
        if _libc is None:
            return
        _libc.prctl(_PR_SET_PDEATHSIG, int(on_parent_death), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return arrange


def end_group(leader: int) -> None:
    """Kill what is left of the process group that a child led, if anything is."""
    try:
        os.killpg(leader, signal.SIGKILL)
    except ProcessLookupError:
        return
