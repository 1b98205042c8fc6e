"""DnsResolver against a real DNS server on a loopback socket."""

from __future__ import annotations

import asyncio

import pytest
import uvloop

from mailserver.net.resolver import NULL_MX, DnsNoAnswer, DnsNoDomain, DnsResolver, DnsTemporary
from mailserver.practice.dns_server import SERVFAIL, SILENCE, DnsServer

ZONE = {
    "hamburger.edu": ["MX 20 mx2.hamburger.edu.", "MX 10 MX1.Hamburger.EDU."],
    "mx1.hamburger.edu": ["A 192.0.2.1", "A 192.0.2.2", "AAAA 2001:db8::1"],
    "mx2.hamburger.edu": ["AAAA 2001:db8::2"],
    "quiet.test": ["MX 0 ."],
    "alias.test": ["CNAME hamburger.edu."],
    "www.hamburger.edu": ["CNAME mx1.hamburger.edu."],
    "text.test": ["TXT hello"],
    "broken.test": SERVFAIL,
    "silent.test": SILENCE,
    "huge.test": [f"MX {number} a-rather-long-name-of-a-mail-host-{number}.huge.test." for number in range(40)],
}


@pytest.fixture(scope="module")
def server():
    with DnsServer(ZONE) as server:
        yield server


@pytest.fixture
def resolver(server):
    return DnsResolver(server.address, timeout=5)


def test_it_finds_mail_servers(resolver):
    found = asyncio.run(resolver.mx("hamburger.edu"))
    assert sorted(found) == [(10, "mx1.hamburger.edu"), (20, "mx2.hamburger.edu")]


def test_it_asks_the_server_it_was_given(server, resolver):
    asyncio.run(resolver.mx("Quiet.Test"))
    assert "quiet.test MX" in server.asked


def test_it_works_on_uvloop(resolver):
    assert len(uvloop.run(resolver.mx("hamburger.edu"))) == 2


def test_it_serves_one_event_loop_after_another(resolver):
    assert asyncio.run(resolver.mx("hamburger.edu"))
    assert asyncio.run(resolver.mx("alias.test"))


def test_it_tells_a_null_mx(resolver):
    assert asyncio.run(resolver.mx("quiet.test")) == [(0, NULL_MX)]


def test_it_follows_aliases(resolver):
    assert len(asyncio.run(resolver.mx("alias.test"))) == 2
    assert "192.0.2.1" in asyncio.run(resolver.addresses("www.hamburger.edu"))


def test_it_gives_ipv4_before_ipv6(resolver):
    found = asyncio.run(resolver.addresses("mx1.hamburger.edu"))
    assert sorted(found[:2]) == ["192.0.2.1", "192.0.2.2"]  # the server shuffles, as servers do
    assert found[2:] == ["2001:db8::1"]


def test_it_is_content_with_one_kind_of_address(resolver):
    assert asyncio.run(resolver.addresses("mx2.hamburger.edu")) == ["2001:db8::2"]


def test_it_takes_long_answers_over_tcp(resolver):
    assert len(asyncio.run(resolver.mx("huge.test"))) == 40


def test_it_never_asks_for_localhost(server, resolver):
    assert asyncio.run(resolver.addresses("localhost")) == ["127.0.0.1", "::1"]
    assert not [question for question in server.asked if "localhost" in question]


@pytest.mark.parametrize(
    "name", ["nowhere.test", "a..b", "x" * 64 + ".test", "bücher\ud800.test", f"{'long.' * 60}test"]
)
def test_it_says_that_a_domain_does_not_exist(resolver, name):
    with pytest.raises(DnsNoDomain):
        asyncio.run(resolver.mx(name))


def test_it_says_that_a_domain_has_no_mail_server(resolver):
    with pytest.raises(DnsNoAnswer):
        asyncio.run(resolver.mx("text.test"))
    with pytest.raises(DnsNoAnswer):
        asyncio.run(resolver.addresses("text.test"))
    with pytest.raises(DnsNoDomain):
        asyncio.run(resolver.addresses("nowhere.test"))


def test_it_takes_a_failing_server_as_temporary(resolver):
    with pytest.raises(DnsTemporary):
        asyncio.run(resolver.mx("broken.test"))
    with pytest.raises(DnsTemporary):
        asyncio.run(resolver.addresses("broken.test"))


def test_it_takes_silence_as_temporary(server):
    with pytest.raises(DnsTemporary):
        asyncio.run(DnsResolver(server.address, timeout=0.2).mx("silent.test"))


def test_it_takes_a_closed_port_as_temporary(server):
    with DnsServer({}) as gone:
        address = gone.address
    with pytest.raises(DnsTemporary):
        asyncio.run(DnsResolver(address, timeout=0.3).mx("hamburger.edu"))


def test_it_takes_a_server_by_name(server):
    resolver = DnsResolver(("localhost", server.address[1]), timeout=5)
    assert asyncio.run(resolver.mx("hamburger.edu"))
