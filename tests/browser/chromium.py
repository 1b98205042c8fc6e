"""The browser that the tests and the pictures use."""

from __future__ import annotations

import os
import shutil

import pytest

# The shell without a window of its own opens a page for a third of the CPU of the whole browser.
PROGRAMS = ("chromium-headless-shell", "chromium", "google-chrome", "chromium-browser")

# No sandbox: as root Chromium has none. The others keep it from calling home.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def path() -> str | None:
    """Where a Chromium is, or None."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)


def find() -> str:
    """Where it is; without one the test is skipped, or fails when REQUIRE_BROWSER=1."""
    found = path()
    if found is None:
        reason = "NO CHROMIUM HERE: the browser tests did not run (on Debian: apt-get install chromium-headless-shell)"
        if os.environ.get("REQUIRE_BROWSER") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found
