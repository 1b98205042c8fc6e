"""Answers at hand: as long as they hold, and never waiting."""

from __future__ import annotations

import asyncio

import pytest

from mailserver.net.dnsmemory import Memory
from mailserver.net.resolver import DnsNoAnswer, DnsNoDomain, DnsResolver, NotAtHand
from mailserver.net.spf import at_once
from mailserver.practice.dns_server import DnsServer


def test_answers_hold_until_their_time():
    now = [100.0]
    memory = Memory(10, lambda: now[0])
    memory.put(("crepes.fr", "TXT"), [b"one"], 160.0)
    assert memory.get(("crepes.fr", "TXT")) == [b"one"]
    assert memory.get(("crepes.fr", "MX")) is None
    now[0] = 160.0
    assert memory.get(("crepes.fr", "TXT")) is None


def test_that_there_is_nothing_is_an_answer_too():
    memory = Memory(10, lambda: 1.0)
    memory.put(("crepes.fr", "TXT"), DnsNoDomain("crepes.fr does not exist"), 2.0)
    for _ in range(2):
        with pytest.raises(DnsNoDomain, match="does not exist"):
            memory.get(("crepes.fr", "TXT"))


def test_the_oldest_is_forgotten_first():
    memory = Memory(2, lambda: 1.0)
    for number in range(3):
        memory.put((f"{number}.example", "A"), [str(number)], 2.0)
    assert [memory.get((f"{number}.example", "A")) for number in range(3)] == [None, ["1"], ["2"]]


def test_it_says_what_ends_first():
    memory = Memory(10, lambda: 1.0)
    for number, until in enumerate((30.0, 20.0, 40.0)):
        memory.put((f"{number}.example", "A"), ["192.0.2.1"], until)
    for number in (0, 1, 2, 3):
        memory.get((f"{number}.example", "A"))
    assert memory.soonest == 20.0


def test_a_resolver_has_at_hand_what_it_was_asked():
    async def ask(resolver: DnsResolver) -> None:
        assert await resolver.txt("there.test") == [b"v=spf1 -all"]
        with pytest.raises(DnsNoAnswer):
            await resolver.txt("mx.test")
        with pytest.raises(DnsNoDomain):
            await resolver.txt("nowhere.test")

    with DnsServer({"there.test": ['TXT "v=spf1 -all"'], "mx.test": ["MX 10 a.test."]}) as server:
        resolver = DnsResolver(server.address, timeout=5, remembers=10)
        asyncio.run(ask(resolver))
        asked = list(server.asked)
        at_hand = resolver.at_hand
        assert at_hand is not None
        assert at_once(at_hand.txt("there.test")) == [b"v=spf1 -all"]
        with pytest.raises(DnsNoAnswer):
            at_once(at_hand.txt("mx.test"))
        with pytest.raises(DnsNoDomain):
            at_once(at_hand.txt("nowhere.test"))
        with pytest.raises(NotAtHand):
            at_once(at_hand.mx("there.test"))
        assert server.asked == asked
    assert DnsResolver().at_hand is None
