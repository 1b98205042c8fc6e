"""Leases are renewed for as long as something is held, whatever the database says meanwhile."""

from __future__ import annotations

import asyncio
import logging
import uuid
from datetime import timedelta

import pytest
from django.db import OperationalError

from mailserver.services import queue
from mailserver.services.delivery_leases import Leases
from mailserver.services.queue import Claim, Claimed


@pytest.fixture
def rounds(monkeypatch):
    """What each round of renewals renewed; `rounds(fault, …)`: what the first ones raise."""
    renewed = []

    def start(*faults):
        left = list(faults)

        def renew(held):
            renewed.append(held)
            if left:
                raise left.pop(0)

        monkeypatch.setattr(queue, "LEASE", timedelta(seconds=0.04))
        monkeypatch.setattr(queue, "renew", renew)
        return renewed

    return start


def claim() -> Claim:
    return Claim(1, "hamburger.edu", uuid.uuid4(), (Claimed(7, "bob@hamburger.edu", 0),))


async def _held_until(renewed, count: int) -> None:
    leases, held = Leases(), claim()
    leases.hold([held])
    async with asyncio.timeout(10):
        while len(renewed) < count:
            await asyncio.sleep(0.005)
    leases.let_go(held)
    after = len(renewed)
    await asyncio.sleep(0.05)
    assert len(renewed) <= after + 1  # the round under way may still end


@pytest.mark.parametrize("fault", [OperationalError("gone"), RuntimeError("never seen before")])
def test_a_round_that_fails_is_followed_by_others(rounds, caplog, fault):
    renewed = rounds(fault)
    with caplog.at_level(logging.WARNING, logger="mailserver.services.delivery_leases"):
        asyncio.run(_held_until(renewed, 3))
    assert [set(*held.values()) for held in renewed[:3]] == [{7}] * 3
    assert [line.message.split(":")[0] for line in caplog.records] == ["leases not renewed"]
