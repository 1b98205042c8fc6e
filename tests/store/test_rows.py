from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import DataError, IntegrityError, transaction

from mailserver.store import rows
from mailserver.store.models import Event
from tests.support.statements import counted

EVENT = rows.Table(
    "event", {"kind": "varchar", "at": "timestamptz", "reference": "varchar", "recipient": "varchar", "detail": "jsonb"}
)
AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_it_copies_any_number_of_rows_in_one_statement():
    with counted() as statements:
        rows.copy(EVENT, (("stored", AT, "", f"crêpe{number}", {"n": [number, None]}) for number in range(300)))
    assert len(statements) == 1
    found = Event.objects.order_by("id").values_list("kind", "at", "recipient", "detail", "account_id")
    assert list(found) == [("stored", AT, f"crêpe{number}", {"n": [number, None]}, None) for number in range(300)]


def test_it_hands_out_numbers_that_nobody_else_gets():
    first, then = rows.numbers("event", 3), rows.numbers("event", 2)
    assert [*first, *then] == sorted({*first, *then})
    with counted() as statements:
        assert rows.numbers("event", 0) == []
    assert not statements


@pytest.mark.parametrize(
    ("row", "error"), [(("stored", AT, "", "a\0b", {}), DataError), (("stored", None, "", "a", {}), IntegrityError)]
)
def test_its_errors_are_those_of_django_and_leave_nothing(row, error):
    with pytest.raises(error), transaction.atomic():
        rows.copy(EVENT, [("stored", AT, "", "good", {}), row])
    assert not Event.objects.exists()
