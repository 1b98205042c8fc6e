"""Who loads the dashboard, and who is spared it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LOADED = "import sys, django; django.setup(); {more}; print('webmail.dashboard.admin' in sys.modules)"


def loaded(more: str) -> bool:
    """Whether a new process that has set Django up, and then does `more`, has the dashboard in memory."""
    command = [sys.executable, "-c", LOADED.format(more=more)]
    found = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return found.stdout.strip() == "True"


@pytest.mark.slow
def test_it_is_loaded_by_the_pages_and_by_nothing_else():
    assert not loaded("import mailserver.tasks, mailserver.servers.smtp.listeners")
    assert loaded("import webmail.urls")
