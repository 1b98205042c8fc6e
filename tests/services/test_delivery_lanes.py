from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from mailserver.services import delivery_lanes
from mailserver.services.delivery_lanes import Cargo, Lanes

PATIENCE = 10.0


def test_who_finds_no_lane_leaves_its_work_to_the_next_that_is_ready():
    lanes, begun, done = Lanes(1), threading.Event(), threading.Event()
    worked = []

    def work(domain: str) -> int:
        worked.append(domain)
        if domain == "slow.example":
            begun.set()
            assert done.wait(PATIENCE)
        return 1

    with ThreadPoolExecutor(1) as other:
        slow = other.submit(lanes.run, "slow.example", work)
        assert begun.wait(PATIENCE)
        assert [lanes.run(domain, work) for domain in ("a.example", "b.example", "a.example")] == [0, 0, 0]
        done.set()
        assert slow.result(PATIENCE) == 3
    assert worked == ["slow.example", "a.example", "b.example"]
    assert lanes.run("c.example", work) == 1


def test_a_fault_does_not_take_the_lane_with_it():
    lanes = Lanes(1)

    def fail(domain: str) -> int:
        if domain == "a.example":
            assert lanes.run("b.example", fail) == 0
            raise LookupError(domain)
        return 1

    with pytest.raises(LookupError, match=r"a\.example"):
        lanes.run("a.example", fail)
    assert lanes.run("c.example", fail) == 1


@pytest.mark.parametrize(
    ("sizes", "together"), [([60, 40, 1], 3), ([60, 50], 1), ([200, 200], 1), ([10] * 20, 20), ([60, 10, 50], 2)]
)
def test_only_so_many_octets_are_afloat(monkeypatch, sizes, together):
    monkeypatch.setattr(delivery_lanes, "_LOOK", 0.001)
    cargo, afloat, most = Cargo(most=100, small=10), 0, 0

    async def travel(size: int) -> None:
        nonlocal afloat, most
        async with cargo.afloat(size):
            afloat += 1
            most = max(most, afloat)
            await asyncio.sleep(0.01)
            afloat -= 1

    async def everybody() -> None:
        await asyncio.gather(*map(travel, sizes))

    asyncio.run(everybody())
    assert most == together
    assert cargo._afloat == 0
