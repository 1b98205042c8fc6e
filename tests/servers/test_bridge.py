from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable

import pytest
from django.db import OperationalError, connections
from psycopg.errors import DiskFull

from mailserver.errors import SearchTooSlow, StoreFull, Unavailable
from mailserver.servers import bridge


@pytest.fixture(autouse=True)
def no_threads_left():
    yield
    bridge.shut_down()


def test_it_runs_calls_side_by_side():
    """Each call waits for the other one: a single thread would never end."""
    meeting = threading.Barrier(2, timeout=10)

    def meet(*, name: str) -> str:
        meeting.wait()
        return name

    async def scenario() -> list[str]:
        return await asyncio.gather(bridge.run(meet, name="alice"), bridge.run(meet, name="bob"))

    assert asyncio.run(scenario()) == ["alice", "bob"]


def test_it_checks_few_passwords_at_once():
    busy, most = 0, 0
    lock = threading.Lock()

    def check() -> None:
        nonlocal busy, most
        with lock:
            busy += 1
            most = max(most, busy)
        threading.Event().wait(0.02)
        with lock:
            busy -= 1

    async def scenario() -> None:
        await asyncio.gather(*(bridge.run_costly(check) for _ in range(10)))

    asyncio.run(scenario())
    assert most <= bridge.COSTLY_THREADS


def test_it_hands_errors_on():
    def fail() -> None:
        raise LookupError("not here")

    with pytest.raises(LookupError, match="not here"):
        asyncio.run(bridge.run(fail))


@pytest.mark.django_db(transaction=True)
def test_it_leaves_no_connection_behind_on_its_threads():
    seen = []

    def ask() -> None:
        own = connections["default"]
        with own.cursor() as cursor:
            cursor.execute("SELECT 1")
        seen.append(own)

    asyncio.run(bridge.run(ask))
    assert seen[0].connection is None


def test_it_tells_of_a_database_that_is_away_in_one_line(caplog):
    def ask() -> None:
        raise OperationalError("connection failed:\n\tIs the server running?")

    with caplog.at_level(logging.ERROR, logger="mailserver"), pytest.raises(Unavailable):
        asyncio.run(bridge.run(ask))
    (line,) = caplog.records
    assert line.getMessage() == "no database for ask: connection failed: Is the server running?"
    assert not line.exc_info


def test_it_tells_a_full_disk_from_a_database_that_is_away():
    def ask() -> None:
        raise OperationalError("could not extend file") from DiskFull()

    with pytest.raises(StoreFull):
        asyncio.run(bridge.run(ask))


@pytest.mark.django_db(transaction=True)
def test_nobody_is_handed_a_connection_that_a_restart_of_the_database_broke():
    def ask() -> int:
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            return int(cursor.fetchone()[0])

    # A pool of its own: after the outages other tests play, the old one waits longer and longer between its tries.
    connections["default"].close()
    connections["default"].close_pool()
    first = asyncio.run(bridge.run(ask))
    with connections["default"].cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid, 5000)) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    assert asyncio.run(bridge.run(ask)) != first


@pytest.mark.django_db
def test_a_statement_that_takes_too_long_is_stopped_and_says_so():
    def slow() -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute("SET statement_timeout = '20ms'; SELECT pg_sleep(10)")

    with pytest.raises(SearchTooSlow, match="longer than it may"):
        asyncio.run(bridge.run(slow))


def test_statements_of_a_process_have_a_bound(monkeypatch):
    options = {"options": "-c jit=off"}
    monkeypatch.setitem(connections.settings["default"], "OPTIONS", options)
    bridge.limit_statements(120)
    assert options == {"options": "-c jit=off -c statement_timeout=120s"}


def backend() -> int:
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def filed(call: Callable[[], int] = backend) -> int:
    return asyncio.run(bridge.run_filing(call))


@pytest.fixture
def one_thread_files(monkeypatch):
    monkeypatch.setitem(bridge._POOLS, "filing", 1)
    monkeypatch.setattr(bridge, "UNUSED_SECONDS", 1000.0)


def test_marks_wait_for_no_other_mark():
    """Each call waits for all the others: were there only the threads that keep connections, none would end."""
    many = bridge.KEEPING_THREADS + 3
    meeting = threading.Barrier(many, timeout=10)

    def meet() -> str:
        meeting.wait()
        return threading.current_thread().name.partition("_")[0]

    async def scenario() -> list[str]:
        return await asyncio.gather(*(bridge.run_marking(meet) for _ in range(many)))

    for _ in range(2):
        assert sorted(asyncio.run(scenario())) == ["bridge"] * 3 + ["marking"] * bridge.KEEPING_THREADS


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("pool", ["reading", "marking"])
def test_who_reads_or_marks_keeps_the_connection_too(monkeypatch, pool):
    monkeypatch.setitem(bridge._POOLS, pool, 1)
    run = {"reading": bridge.run_reading, "marking": bridge.run_marking}[pool]
    first, again = (asyncio.run(run(backend)) for _ in range(2))
    asyncio.run(asyncio.sleep(0, bridge.shut_down()))
    assert first == again


@pytest.mark.django_db(transaction=True)
def test_who_files_keeps_the_connection_until_something_goes_wrong(one_thread_files):
    held = []

    def fail() -> int:
        held.append(connections["default"])
        raise LookupError

    assert filed() == filed()
    with pytest.raises(LookupError):
        filed(fail)
    assert held[0].connection is None
    filed()
    assert held[0].connection is not None

    async def end() -> None:
        bridge.shut_down()

    asyncio.run(end())
    assert held[0].connection is None


@pytest.mark.django_db(transaction=True)
def test_who_files_looks_at_a_connection_that_was_not_used_for_a_while(one_thread_files, monkeypatch):
    first = filed()
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [first])
    monkeypatch.setattr(bridge, "UNUSED_SECONDS", 0.0)
    assert filed() != first
