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


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_the_buffers_of_connections_take_only_what_is_written_to():
    """As uvloop's for TLS: 256 KiB of the C library, asked for among blocks that were used and freed."""
    code = """
import ctypes
from pathlib import Path
from mailserver import heap
c = ctypes.CDLL(None)
c.malloc.restype, c.malloc.argtypes, c.free.argtypes = ctypes.c_void_p, [ctypes.c_size_t], [ctypes.c_void_p]
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1]) * 4
heap.return_large_blocks()
used = [(c.malloc(300 * 1024), c.malloc(1000)) for _ in range(200)]
for large, small in used:
    ctypes.memset(large, 1, 300 * 1024)
for large, small in used:
    c.free(large)
before = resident()
buffers = [c.malloc(256 * 1024) for _ in range(200)]
for buffer in buffers:
    ctypes.memset(buffer, 1, 100)
print((resident() - before) // 200, before)
"""
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    each, before = map(int, said.stdout.split())
    assert each <= 8
    assert before < 60 * 1024
