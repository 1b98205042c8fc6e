"""Whether DNSSEC protects an answer, told by a resolver we believe."""

from __future__ import annotations

import asyncio

import pytest

from mailserver.net.dane import Tlsa
from mailserver.net.dnssec import is_authentic, is_believed
from mailserver.net.resolver import DnsResolver
from mailserver.practice.dns_server import DnsServer

ZONE = {
    "hamburger.edu": ["MX 10 mx1.hamburger.edu."],
    "mx1.hamburger.edu": ["A 11.0.0.1"],
    "_25._tcp.mx1.hamburger.edu": ["TLSA 3 1 1 " + "ab" * 32],
}


@pytest.mark.parametrize("remembers", [0, 100])
@pytest.mark.parametrize(
    ("mode", "validates", "believed"),
    [("auto", True, True), ("on", True, True), ("off", True, False), ("auto", False, False)],
)
def test_it_believes_the_resolver_of_this_machine(mode, validates, believed, remembers):
    async def ask(resolver):
        for _ in range(2):  # the second time from memory
            answers = (
                await resolver.mx("hamburger.edu"),
                await resolver.addresses("mx1.hamburger.edu"),
                await resolver.tlsa("mx1.hamburger.edu", 25),
            )
        return answers

    with DnsServer(ZONE) as server:
        server.validates = validates
        answers = asyncio.run(ask(DnsResolver(server.address, remembers=remembers, dnssec=mode)))
    assert [is_authentic(answer) for answer in answers] == [believed] * 3
    assert answers[2] == [Tlsa(3, 1, 1, b"\xab" * 32)]


@pytest.mark.parametrize(
    ("mode", "servers", "believed"),
    [
        ("auto", ["127.0.0.1", "::1"], True),
        ("auto", ["127.0.0.53", "192.0.2.1"], False),
        ("auto", ["https://dns.test/"], False),
        ("on", ["192.0.2.1"], True),
        ("off", ["127.0.0.1"], False),
    ],
)
def test_who_is_believed(mode, servers, believed):
    assert is_believed(mode, servers) is believed
