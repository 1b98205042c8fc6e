from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DataError, IntegrityError, transaction

from mailserver.store import rows
from mailserver.store.exchange import Exchange
from mailserver.store.models import Event
from tests.support.statements import counted

EVENT = rows.Table(
    "event", {"kind": "varchar", "at": "timestamptz", "reference": "varchar", "recipient": "varchar", "detail": "jsonb"}
)
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def insert(table, records):
    exchange = Exchange()
    rows.insert(exchange, table, records)
    exchange.send()


def numbers(*tables, count):
    exchange = Exchange()
    asked = rows.numbers(exchange, tables, count)
    exchange.send()
    return asked.rows


def test_it_inserts_any_number_of_rows_in_one_statement():
    with counted() as statements:
        insert(EVENT, (("stored", AT, "", f"crêpe{number}", {"n": [number, None]}) for number in range(300)))
    assert len(statements) == 1
    found = Event.objects.order_by("id").values_list("kind", "at", "recipient", "detail", "account_id")
    assert list(found) == [("stored", AT, f"crêpe{number}", {"n": [number, None]}, None) for number in range(300)]


def test_it_puts_any_number_of_rows_in_place_in_one_statement():
    insert(EVENT, (("stored", AT, f"q{number}", "", {}) for number in range(3)))
    first, second, third = Event.objects.order_by("id").values_list("pk", flat=True)
    table = rows.Table("event", {"id": "int8", "at": "timestamptz", "recipient": "varchar", "account_id": "int8"})
    exchange = Exchange()
    with counted() as statements:
        rows.update(exchange, table, [(third, AT, "crêpe", None), (first, AT + timedelta(days=1), "", None)])
        exchange.send()
    assert len(statements) == 1
    found = Event.objects.order_by("id").values_list("pk", "at", "recipient", "reference")
    assert list(found) == [
        (first, AT + timedelta(days=1), "", "q0"),
        (second, AT, "", "q1"),
        (third, AT, "crêpe", "q2"),
    ]


def test_it_sends_nothing_for_no_rows():
    exchange = Exchange()
    with counted() as statements:
        insert(EVENT, [])
        rows.update(exchange, EVENT, [])
        exchange.send()
    assert not statements


def test_it_hands_out_numbers_that_nobody_else_gets():
    first, then = numbers("event", count=3), numbers("event", count=2)
    handed = [number for (number,) in [*first, *then]]
    assert len(handed) == 5
    assert handed == sorted(set(handed))
    assert not numbers("event", count=0)


def test_it_hands_out_numbers_of_several_tables_at_once():
    found = numbers("message", "thread", count=2)
    assert [len(row) for row in found] == [2, 2]
    assert found[0][0] < found[1][0]
    assert found[0][1] < found[1][1]


@pytest.mark.parametrize(
    ("row", "error"), [(("stored", AT, "", "a\0b", {}), DataError), (("stored", None, "", "a", {}), IntegrityError)]
)
def test_its_errors_are_those_of_django_and_leave_nothing(row, error):
    with pytest.raises(error), transaction.atomic():
        insert(EVENT, [("stored", AT, "", "good", {}), row])
    assert not Event.objects.exists()
