from __future__ import annotations

import gc
import sys
import threading
from pathlib import Path

import pytest

from mailserver import heap


def _resident() -> int:
    """MB this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 >> 20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_threads_give_back_what_large_messages_took():
    assert heap.return_large_blocks()
    gc.collect()
    before = _resident()

    def work() -> None:
        for megabytes in (30, 8, 2, 20, 3):
            held = [bytearray(megabytes << 20), bytearray(64 * 1024)]
            held[0][:] = held[0].replace(b"\1", b"\2")

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _resident() - before < 20
