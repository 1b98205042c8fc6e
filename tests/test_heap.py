from __future__ import annotations

import gc
import subprocess
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


def test_a_server_that_is_ready_does_not_look_at_what_is_loaded_again():
    code = "import gc; from mailserver import heap; heap.settle(); print(gc.get_freeze_count(), *gc.get_threshold())"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    frozen, *thresholds = map(int, said.stdout.split())
    assert frozen > 1000
    assert tuple(thresholds) == heap.GENERATIONS
