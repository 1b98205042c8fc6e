"""Many write to somebody at the same moment: one of them asks where their mail goes."""

from __future__ import annotations

import asyncio

import pytest

from mailserver.errors import UnknownRecipient
from mailserver.mail.addresses import Address
from mailserver.servers import bridge
from mailserver.servers.smtp.mx import MxDoor
from mailserver.servers.smtp.session import Client, Transaction
from mailserver.services.recipients import Local
from mailserver.services.routing import Route

ALICE = Address("alice", "crepes.fr")
ROUTE = Route((Local(1, "alice@crepes.fr"),))


@pytest.fixture
def door(monkeypatch):
    """A door with the answers that were given so far in `asked`, and what is `known` from then on."""
    found = MxDoor()
    found.asked = []
    found.known = ROUTE
    monkeypatch.setattr(found, "_at_hand", lambda address, size: found.known if found.asked else None)

    async def run(function, **values):
        await asyncio.sleep(0.01)
        found.asked.append(values["address"])
        if found.known is UnknownRecipient:
            raise UnknownRecipient("There is nobody of that name.")
        return ROUTE

    monkeypatch.setattr(bridge, "run", run)
    return found


async def several(door, count):
    transactions = [Transaction(None) for _ in range(count)]
    clients = [door.recipient(Client("192.0.2.1"), one, ALICE) for one in transactions]
    return await asyncio.gather(*clients, return_exceptions=True), [one.routes for one in transactions]


def test_one_asks_for_all(door):
    replies, routes = asyncio.run(several(door, 5))
    assert [reply.code for reply in replies] == [250] * 5
    assert routes == [[ROUTE]] * 5
    assert door.asked == [ALICE]


def test_each_asks_where_the_answer_of_another_does_not_do(door):
    door.known = None
    _, routes = asyncio.run(several(door, 3))
    assert routes == [[ROUTE]] * 3
    assert door.asked == [ALICE] * 3
    assert not door._asking


def test_who_is_refused_keeps_nobody_waiting(door, monkeypatch):
    door.known = UnknownRecipient
    monkeypatch.setattr(door, "_at_hand", lambda address, size: None)
    replies, _ = asyncio.run(several(door, 3))
    assert [type(reply) for reply in replies] == [UnknownRecipient] * 3
    assert not door._asking
