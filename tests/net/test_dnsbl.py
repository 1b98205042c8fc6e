from __future__ import annotations

import asyncio
import time

import pytest

from mailserver.net.dnsbl import MOST_POINTS, POINTS, Blocklists, reverse
from mailserver.net.resolver import DnsResolver
from mailserver.practice.dns_server import DnsServer
from tests.support.dns import SERVFAIL, SILENCE, FakeEvidence

PEER = "198.51.100.25"
NAME = "25.100.51.198"


def asked(resolver, *zones: str, peer: str = PEER, seconds: float = 3.0, times: int = 1):
    async def run():
        lists = Blocklists(zones, resolver, seconds=seconds)
        return [await lists.reasons(peer) for _ in range(times)][-1]

    return asyncio.run(run())


def zone(*answers, name: str = f"{NAME}.bl.example"):
    return FakeEvidence({name: [("A", answer) for answer in answers]})


def test_it_names_the_list():
    (reason,) = asked(zone("127.0.0.2"), "bl.example")
    assert reason.points == POINTS
    assert reason.sentence == "The server that sent it is on the blocklist bl.example."


@pytest.mark.parametrize(
    "answers",
    [[], ["192.0.2.1"], ["127.255.255.254"], ["127.255.255.255", "127.0.0.2"]],
    ids=["empty", "parked domain", "open resolver", "too many questions"],
)
def test_what_is_no_listing_counts_for_nothing(answers):
    assert asked(zone(*answers), "bl.example") == ()


def test_who_is_not_listed_has_nothing_to_fear():
    assert asked(FakeEvidence({}), "bl.example", "bl2.example") == ()


def test_several_lists_together_have_a_bound():
    zones = [f"bl{n}.example" for n in range(5)]
    found = asked(FakeEvidence({f"{NAME}.{name}": [("A", "127.0.0.2")] for name in zones}), *zones)
    assert len(found) == 5
    assert sum(reason.points for reason in found) == pytest.approx(MOST_POINTS)


@pytest.mark.parametrize("trouble", [SILENCE, SERVFAIL])
def test_a_silent_list_is_left_alone_and_others_are_heard(trouble):
    resolver = FakeEvidence({f"{NAME}.dead.example": trouble, f"{NAME}.bl.example": [("A", "127.0.0.2")]})
    started = time.monotonic()
    found = asked(resolver, "dead.example", "bl.example", seconds=0.1, times=3)
    assert time.monotonic() - started < 2
    assert [reason.name for reason in found] == ["blocklist bl.example"]
    assert resolver.asked.count(f"{NAME}.dead.example A") == 1
    assert resolver.asked.count(f"{NAME}.bl.example A") == 3


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("127.0.0.2", "2.0.0.127"),
        ("::ffff:127.0.0.2", "2.0.0.127"),
        ("fe80::1%eth0", "1." + "0." * 27 + "0.8.e.f"),
        ("2001:db8::1", "1." + "0." * 23 + "8.b.d.0.1.0.0.2"),
    ],
)
def test_it_turns_addresses_round(address, name):
    assert reverse(address) == name


def test_it_asks_the_real_dns():
    with DnsServer({f"{NAME}.bl.example": ["A 127.0.0.3"]}) as server:
        assert len(asked(DnsResolver(server.address, timeout=2.0), "bl.example")) == 1
        assert server.asked == [f"{NAME}.bl.example A"]
