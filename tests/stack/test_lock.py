"""One run per data folder, and leftovers of a killed run are waited for."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from mailserver.errors import ConfigurationError
from mailserver.stack import lock


def sleeper(descriptor):
    """A process that holds the descriptor open until its input closes."""
    return subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[descriptor], stderr=subprocess.DEVNULL
    )


def test_it_refuses_a_second_run_and_names_the_first(tmp_path):
    with (
        lock.hold(tmp_path),
        pytest.raises(ConfigurationError, match=rf"already runs on {tmp_path} \(process {os.getpid()}\)"),
        lock.hold(tmp_path),
    ):
        pass


def test_it_can_be_held_again_after_the_run(tmp_path):
    for _ in range(2):
        with lock.hold(tmp_path):
            pass


def test_it_waits_for_the_processes_of_a_killed_run(tmp_path):
    with lock.hold(tmp_path) as descriptor:
        left = sleeper(descriptor)
    with pytest.raises(ConfigurationError, match="an earlier run still use"), lock.hold(tmp_path, patience=0.2):
        pass
    left.stdin.close()
    with lock.hold(tmp_path, patience=30):
        assert left.wait() != 0
