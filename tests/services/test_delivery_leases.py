"""Leases are renewed for as long as something is held, whatever the database says meanwhile."""

from __future__ import annotations

import asyncio
import logging
import uuid
from datetime import timedelta
from queue import SimpleQueue

import pytest
from django.db import OperationalError

from mailserver.services import queue
from mailserver.services.delivery_leases import Leases
from mailserver.services.queue import Claim, Claimed


@pytest.fixture
def renewals(monkeypatch):
    """What the rounds renew, one after the other; `renewals.faults`: what the first ones raise."""
    monkeypatch.setattr(queue, "LEASE", timedelta(seconds=0.04))
    seen = Renewals()
    monkeypatch.setattr(queue, "renew", seen.renew)
    return seen


class Renewals:
    def __init__(self) -> None:
        self.held: SimpleQueue[dict[uuid.UUID, frozenset[int]]] = SimpleQueue()
        self.faults: list[Exception] = []

    def renew(self, held):
        self.held.put(held)
        if self.faults:
            raise self.faults.pop(0)


@pytest.mark.parametrize("fault", [OperationalError("gone"), RuntimeError("never seen before")])
def test_a_round_that_fails_is_followed_by_others(renewals, caplog, fault):
    renewals.faults.append(fault)
    held = Claim(1, "hamburger.edu", uuid.uuid4(), (Claimed(7, "bob@hamburger.edu", 0),))

    async def three_rounds():
        leases = Leases()
        leases.hold([held])
        rounds = [await asyncio.to_thread(renewals.held.get, timeout=10) for _ in range(3)]
        leases.let_go(held)
        return rounds

    with caplog.at_level(logging.WARNING, logger="mailserver.services.delivery_leases"):
        rounds = asyncio.run(three_rounds())
    assert rounds == [{held.token: frozenset({7})}] * 3
    assert [line.message.split(":")[0] for line in caplog.records] == ["leases not renewed"]
