"""What every test shares: the servers of `tests/support/services.py`, started once by the controller."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator, Iterator

import hypothesis
import pytest
import redis

from tests.support import services

# The synchronous browser driver runs an event loop in the test's thread, where Django refuses the ORM.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "1")

# A loaded machine must not fail a property: what counts is the result, not the milliseconds.
hypothesis.settings.register_profile(
    "correio", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("correio")

pytest_plugins = ["tests.support.people"]


def _is_controller(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def pytest_configure(config: pytest.Config) -> None:
    if _is_controller(config):
        services.start()


def pytest_unconfigure(config: pytest.Config) -> None:
    if _is_controller(config):
        services.stop()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Nothing that is imported and collected becomes garbage: to look for it takes a third of the time."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def _quickly_emptied_tables() -> Iterator[None]:
    # Django's part, and with it the settings, is loaded after this file.
    from tests.support import emptying

    with pytest.MonkeyPatch.context() as monkeypatch:
        emptying.by_rows(monkeypatch)
        yield


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> Iterator[None]:
    """The database goes when nobody is connected with it; deliveries and servers keep their connections."""
    from django.db import connection

    from mailserver.services import delivery_loop

    yield
    delivery_loop.leave_desk()
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture(scope="session")
def _redis() -> Iterator[redis.Redis]:
    with redis.Redis.from_url(services.redis_url()) as client:
        yield client


@pytest.fixture(autouse=True)
def _empty_redis(_redis: redis.Redis) -> None:
    """No test sees the failed sign-ins of another."""
    _redis.flushdb()
