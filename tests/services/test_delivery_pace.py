from __future__ import annotations

from mailserver.services import delivery_pace
from mailserver.services.delivery_pace import Effort, Pace, Paces


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


def test_a_process_that_computes_all_the_time_is_full(monkeypatch):
    clock = {"now": 100.0, "spent": 7.0}
    monkeypatch.setattr(delivery_pace.time, "monotonic", lambda: clock["now"])
    monkeypatch.setattr(delivery_pace.time, "process_time", lambda: clock["spent"])
    effort = Effort()
    clock |= {"now": 100.02, "spent": 7.02}
    assert not effort.full()  # too early to say
    clock |= {"now": 100.1, "spent": 7.09}
    assert effort.full()
    clock |= {"now": 101.1, "spent": 7.8}
    assert not effort.full()
