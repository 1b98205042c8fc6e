from __future__ import annotations

from mailserver.services.delivery_pace import Pace, Paces


def test_success_brings_connections_up_to_the_most_and_failures_halve_them():
    pace, limits = Pace(4), []
    for _ in range(20):
        limits.append(pace.limit)
        pace.succeeded()
    assert limits[0] == 2
    assert limits == sorted(limits)
    assert pace.limit == 4
    pace.failed()
    assert pace.limit == 2
    for _ in range(5):
        pace.failed()
    assert pace.limit == 1


def test_one_success_for_each_connection_brings_one_more():
    pace = Pace(100)
    for _ in range(30):
        pace.succeeded()
    assert 7 <= pace.limit <= 9  # about the square root of twice as many


def test_it_never_begins_with_more_than_allowed():
    assert Pace(1).limit == 1


def test_it_remembers_so_many_destinations():
    paces = Paces(2)
    kept = paces.of("a.example", 8)
    paces.of("b.example", 8)
    assert paces.of("a.example", 8) is kept
    forgotten = paces.of("c.example", 8)
    assert paces.of("a.example", 8) is kept
    assert paces.of("c.example", 8) is forgotten
