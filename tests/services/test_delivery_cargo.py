from __future__ import annotations

import asyncio

import pytest

from mailserver.services import delivery_cargo
from mailserver.services.delivery_cargo import Cargo


@pytest.mark.parametrize(
    ("sizes", "together"), [([60, 40, 1], 3), ([60, 50], 1), ([200, 200], 1), ([10] * 20, 20), ([60, 10, 50], 2)]
)
def test_only_so_many_octets_are_afloat(monkeypatch, sizes, together):
    monkeypatch.setattr(delivery_cargo, "_LOOK", 0.001)
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
