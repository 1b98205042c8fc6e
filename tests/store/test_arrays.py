from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailserver.store.arrays import kind_of, packed
from mailserver.store.exchange import Exchange

MOMENT = datetime(1901, 2, 3, 4, 5, 6, 789, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("column", "items"),
    [
        ("int8", [-1, None, 2**62]),
        ("int4", [-(2**31), 7]),
        ("int2", [None, 32_000]),
        ("bool", [True, False, None]),
        ("bytea", [b"", b"\0\xff", None, memoryview(b"view")]),
        ("text", ["crêpe", "", None, 'a, {b} \\ "c" \'']),
        ("varchar", ["x"]),
        ("timestamptz", [MOMENT, None, MOMENT.replace(year=9999)]),
        ("jsonb", [{"one": [1, None, "ü\\"]}, [], None]),
        ("text[]", [["a b", "", 'q"\\,{'], [], None]),
        ("int4[]", [[1, 2], [], None]),
    ],
)
def test_what_is_sent_comes_back(column, items):
    kind = kind_of(column)
    exchange = Exchange()
    found = exchange.add(f"SELECT x::{column} FROM unnest($1::{kind.sent}[]) AS x", [packed(kind, items)])
    exchange.send()
    assert [value for (value,) in found.rows] == items


def test_none_is_an_array_too():
    exchange = Exchange()
    found = exchange.add("SELECT count(*) FROM unnest($1::int8[])", [packed(kind_of("int8"), [])])
    exchange.send()
    assert found.rows == [(0,)]
