from __future__ import annotations

import psycopg
import pytest
from django.db import DataError, connection, transaction

from mailserver.store.exchange import KEEP_PLANS, Exchange, alone, array, octets

pytestmark = pytest.mark.django_db

ADD = "INSERT INTO pan (name) VALUES ($1)"


@pytest.fixture(autouse=True)
def pans(db):
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pan; CREATE TEMP TABLE pan (id serial, name text)")


def test_it_answers_each_statement_in_order_and_each_sees_those_before():
    exchange = Exchange()
    exchange.add(ADD, ["iron"])
    found = exchange.add("SELECT name FROM pan WHERE name = $1", ["iron"])
    other = exchange.add("SELECT n FROM unnest($1::bigint[]) AS n", [array([3, 1 << 40])])
    assert not found.rows
    exchange.send()
    assert found.rows == [("iron",)]
    assert other.rows == [(3,), (1 << 40,)]


def test_it_sends_each_statement_once():
    exchange = Exchange()
    asked = exchange.add("SELECT nextval('thread_id_seq')")
    exchange.send()
    first = asked.rows
    exchange.send()
    assert asked.rows == first


def test_what_fails_stops_those_after_it_with_an_error_of_django():
    exchange = Exchange()
    exchange.add(ADD, ["iron"])
    exchange.add("SELECT 1 / $1::int", [0])
    exchange.add(ADD, ["copper"])
    with pytest.raises(DataError), transaction.atomic():
        exchange.send()
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pan")
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_one_of_its_own():
    exchange = Exchange()
    exchange.add(KEEP_PLANS)
    inside = exchange.add("SELECT current_setting('enable_seqscan'), txid_current()")
    then = exchange.add("SELECT current_setting('enable_seqscan'), txid_current()")
    exchange.send()
    assert inside.rows == then.rows
    assert inside.rows[0][0] == "off"
    after = alone(_setting, "enable_seqscan")
    assert after == [("on",)]


def _setting(exchange, name):
    asked = exchange.add("SELECT current_setting($1)", [name])
    return lambda: asked.rows


def test_statements_are_prepared_once():
    for number in (1, 1 << 40):
        exchange = Exchange()
        exchange.add("SELECT /* once */ n FROM unnest($1::bigint[]) AS n", [array([number])])
        exchange.send()
    with psycopg.Cursor(connection.connection) as cursor:
        cursor.execute("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%/* once */ n %'")
        assert cursor.fetchone() == (1,)


@pytest.mark.django_db(transaction=True)
def test_commit_goes_along_where_the_transaction_ends():
    exchange, told = Exchange(), []
    with transaction.atomic():
        exchange.add(ADD, ["iron"])
        transaction.on_commit(lambda: told.append("committed"))
        exchange.send(last=True)
        assert connection.connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE
    assert told == ["committed"]
    assert connection.get_autocommit()


@pytest.mark.django_db(transaction=True)
def test_commit_does_not_go_along_inside_another_block():
    exchange = Exchange()
    with transaction.atomic():
        with transaction.atomic():
            exchange.add(ADD, ["iron"])
            exchange.send(last=True)
        transaction.set_rollback(True)
    asked = exchange.add("SELECT count(*) FROM pan")
    exchange.send()
    assert asked.rows == [(0,)]


@pytest.mark.django_db(transaction=True)
def test_what_is_to_follow_the_commit_is_a_transaction_of_its_own():
    exchange, then = Exchange(), Exchange()
    first, second = (each.add("SELECT pg_current_xact_id()::text") for each in (exchange, then))
    with transaction.atomic():
        exchange.send(last=True, then=then)
        assert first.rows != second.rows
        assert second.rows
    then.send()


@pytest.mark.django_db(transaction=True)
def test_what_follows_the_commit_may_fail_and_says_so_itself():
    exchange, then = Exchange(), Exchange()
    exchange.add(ADD, ["iron"])
    then.add(ADD, ["steel"])
    then.add("SELECT 1 / 0")
    with transaction.atomic():
        exchange.send(last=True, then=then)
    with pytest.raises(DataError):
        then.send()
    then.send()
    assert alone(_pans, "") == [("iron",)]


def test_what_is_to_follow_stays_behind_inside_another_block():
    exchange, then = Exchange(), Exchange()
    exchange.add(ADD, ["iron"])
    then.add(ADD, ["steel"])
    with transaction.atomic():
        exchange.send(last=True, then=then)
    assert alone(_pans, "") == [("iron",)]
    then.send()
    assert alone(_pans, "") == [("iron",), ("steel",)]


def _pans(exchange, _):
    asked = exchange.add("SELECT name FROM pan ORDER BY id")
    return lambda: list(asked.rows)


def test_arrays_are_read_as_they_were_written():
    texts = ["", "a,b", 'quo"te', "back\\slash", "NULL", " space ", "crêpe", "{}"]
    blobs = [b"", b"\0\xff\\", b"x" * 1000]
    exchange = Exchange()
    found = exchange.add("SELECT $1::text[], $2::bytea[], $3::bytea[]", [array(texts), octets(blobs), octets([])])
    exchange.send()
    ((read, pieces, none),) = found.rows
    assert read == texts
    assert [bytes(piece) for piece in pieces] == blobs
    assert none == []


def test_what_cannot_be_written_leaves_the_connection_as_it_was():
    exchange = Exchange()
    exchange.add(ADD, ["iron"])
    exchange.add(ADD, ["\udcff"])
    with pytest.raises(UnicodeEncodeError):
        exchange.send()
    asked = exchange.add("SELECT count(*) FROM pan")
    exchange.send()
    assert asked.rows == [(0,)]
