"""Database work beside the event loop: connections are kept, and none that went wrong."""

from __future__ import annotations

import threading

import pytest
from django.db import DatabaseError, connection, connections, transaction

from mailserver.services import delivery_loop
from mailserver.services.delivery_loop import at_desk

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def one_thread(monkeypatch):
    """The desk with a thread of its own, so that each piece of work finds what the one before left."""
    with delivery_loop.ThreadPoolExecutor(1) as desk:
        monkeypatch.setattr(delivery_loop, "_desk", desk)
        yield
        desk.submit(connections.close_all).result()


def done(work):
    return delivery_loop.submit(at_desk(work)).result(30)


def session() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def killed() -> None:
    """As by a restart of PostgreSQL: the session ends under its statement."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")


def half_done() -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT 1 / 0")


def test_the_connection_is_kept():
    assert done(session) == done(session)
    assert threading.current_thread().name not in {done(lambda: threading.current_thread().name)}


def test_it_looks_at_a_connection_that_nobody_has_used_for_long(monkeypatch):
    monkeypatch.setattr(delivery_loop, "UNUSED", -1.0)
    given_back = []
    done(session)
    done(lambda: given_back.append(connection.connection))
    assert given_back == [None]


@pytest.mark.parametrize("fault", [killed, half_done])
def test_one_that_went_wrong_is_given_back(fault):
    done(session)
    with pytest.raises(DatabaseError):
        done(fault)
    left = []
    done(lambda: left.append(connection.connection))
    assert left == [None]
    assert done(session)


def test_one_that_broke_in_silence_is_given_back():
    """Where the work made nothing of the error itself."""

    def silent() -> None:
        with pytest.raises(DatabaseError):
            killed()

    done(session)
    done(silent)
    assert done(lambda: connection.connection) is None
    assert done(session)
