"""What every test shares: the servers of `tests/support/services.py`, started once by the controller."""

from __future__ import annotations

import os

import pytest

from tests.support import services

# The synchronous browser driver runs an event loop in the test's thread, where Django refuses the ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")


pytest_plugins = ["tests.support.people"]


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    if _is_controller(config):
        services.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _is_controller(config):
        services.stop()
