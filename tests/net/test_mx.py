from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.conf import Route
from mailserver.net.mx import MAX_HOPS, Hop, NoRoute, next_hops
from tests.support.dns import SERVFAIL, FakeResolver

MX1, MX2, MX3 = "11.0.0.1", "11.0.0.2", "2a00::3"


def hops(domain, resolver=None, *, routes=None, own_names=("mail.crepes.fr",), allow_private=False, port=25):
    return asyncio.run(
        next_hops(
            domain,
            resolver=resolver or FakeResolver(),
            routes=routes or {},
            port=port,
            own_names=own_names,
            allow_private=allow_private,
        )
    )


def refusal(domain, resolver=None, **options):
    with pytest.raises(NoRoute) as caught:
        hops(domain, resolver, **options)
    assert caught.value.text
    return caught.value


def test_it_orders_by_preference():
    dns = FakeResolver(
        mx={"hamburger.edu": [(20, "mx2"), (10, "mx1"), (30, "mx3")]},
        addresses={"mx1": [MX1], "mx2": [MX2], "mx3": [MX3]},
    )
    assert hops("Hamburger.EDU.", dns, port=2525) == [
        Hop("mx1", MX1, 2525, 10, "mx"),
        Hop("mx2", MX2, 2525, 20, "mx"),
        Hop("mx3", MX3, 2525, 30, "mx"),
    ]


def test_it_mixes_equals():
    names = [f"mx{number}" for number in range(8)]
    dns = FakeResolver(
        mx={"hamburger.edu": [(10, name) for name in names]},
        addresses={name: [f"11.0.0.{number}"] for number, name in enumerate(names)},
    )
    seen = {tuple(hop.host for hop in hops("hamburger.edu", dns)) for _ in range(20)}
    assert len(seen) > 1


def test_it_keeps_the_address_order_of_a_host():
    dns = FakeResolver(mx={"hamburger.edu": [(10, "mx1")]}, addresses={"mx1": [MX1, MX2, MX3]})
    assert [hop.address for hop in hops("hamburger.edu", dns)] == [MX1, MX2, MX3]


def test_it_goes_to_the_domain_itself_without_mx():
    dns = FakeResolver(addresses={"hamburger.edu": [MX1]})
    assert hops("hamburger.edu", dns) == [Hop("hamburger.edu", MX1, 25, None, "address")]


def test_it_never_falls_back_when_there_is_an_mx():
    dns = FakeResolver(mx={"hamburger.edu": [(10, "gone")]}, addresses={"hamburger.edu": [MX1]})
    assert refusal("hamburger.edu", dns).enhanced == "5.4.4"


def test_it_respects_a_null_mx():
    refused = refusal("quiet.test", FakeResolver(mx={"quiet.test": [(0, ".")]}, addresses={"quiet.test": [MX1]}))
    assert refused.permanent
    assert refused.enhanced == "5.1.10"


def test_it_ignores_a_null_mx_among_others():
    dns = FakeResolver(mx={"hamburger.edu": [(0, "."), (10, "mx1")]}, addresses={"mx1": [MX1]})
    assert [hop.host for hop in hops("hamburger.edu", dns)] == ["mx1"]


def test_it_refuses_a_domain_that_does_not_exist():
    refused = refusal("nowhere.test")
    assert refused.permanent
    assert refused.enhanced == "5.1.2"


def test_it_refuses_a_domain_without_any_address():
    refused = refusal("text.test", FakeResolver(addresses={"text.test": []}))
    assert refused.permanent
    assert refused.enhanced == "5.4.4"


def test_it_waits_for_a_failing_dns():
    refused = refusal("hamburger.edu", FakeResolver(mx={"hamburger.edu": SERVFAIL}))
    assert not refused.permanent
    assert refused.enhanced == "4.4.3"


def test_it_waits_when_only_the_address_cannot_be_asked():
    dns = FakeResolver(mx={"hamburger.edu": [(10, "mx1"), (20, "gone")]}, addresses={"mx1": SERVFAIL})
    assert not refusal("hamburger.edu", dns).permanent


def test_it_uses_the_hosts_it_can_find():
    dns = FakeResolver(
        mx={"hamburger.edu": [(10, "mx1"), (20, "mx2"), (30, "gone")]},
        addresses={"mx1": SERVFAIL, "mx2": [MX2]},
    )
    assert [hop.host for hop in hops("hamburger.edu", dns)] == ["mx2"]


def test_it_follows_an_alias():
    dns = FakeResolver(
        cname={"alias.test": "hamburger.edu"}, mx={"hamburger.edu": [(10, "mx1")]}, addresses={"mx1": [MX1]}
    )
    assert [hop.host for hop in hops("alias.test", dns)] == ["mx1"]


def test_it_ends_the_list_at_its_own_name():
    dns = FakeResolver(
        mx={"crepes.fr": [(10, "mx1"), (20, "mail.crepes.fr"), (20, "mx2"), (30, "mx3")]},
        addresses={"mx1": [MX1], "mx2": [MX2], "mx3": [MX3], "mail.crepes.fr": [MX1]},
    )
    assert [hop.host for hop in hops("crepes.fr", dns)] == ["mx1"]


@pytest.mark.parametrize(
    "dns",
    [
        FakeResolver(mx={"loop.test": [(5, "mail.crepes.fr"), (10, "mx1")]}, addresses={"mx1": [MX1]}),
        FakeResolver(addresses={"loop.test": [MX1]}),
    ],
)
def test_it_refuses_a_domain_that_leads_back_to_us(dns):
    refused = refusal("loop.test", dns, own_names=("mail.crepes.fr", "loop.test"))
    assert refused.permanent
    assert refused.enhanced == "5.4.6"


@pytest.mark.parametrize("address", ["127.0.0.1", "10.1.2.3", "::1", "fe80::1", "::ffff:192.168.0.1", "0.0.0.0"])
def test_it_refuses_private_addresses_from_the_dns(address):
    dns = FakeResolver(mx={"trap.test": [(10, "mx1")]}, addresses={"mx1": [address]})
    refused = refusal("trap.test", dns)
    assert refused.permanent
    assert address in refused.text
    assert [hop.address for hop in hops("trap.test", dns, allow_private=True)] == [address]


def test_it_leaves_out_only_the_private_ones():
    dns = FakeResolver(mx={"hamburger.edu": [(10, "mx1")]}, addresses={"mx1": ["10.0.0.1", MX1]})
    assert [hop.address for hop in hops("hamburger.edu", dns)] == [MX1]


def test_it_follows_a_route_without_asking_for_the_domain():
    dns = FakeResolver()
    routes = {"hamburger.edu": Route("127.0.0.1", 2525)}
    assert hops("hamburger.edu", dns, routes=routes) == [Hop("127.0.0.1", "127.0.0.1", 2525, None, "route")]
    assert dns.asked == []


def test_it_sends_all_else_to_the_smart_host():
    routes = {"hamburger.edu": Route("127.0.0.1", 2525), "*": Route("relay.isp.test", 26)}
    dns = FakeResolver(addresses={"relay.isp.test": ["10.0.0.9", MX3]})
    assert hops("elsewhere.test", dns, routes=routes) == [
        Hop("relay.isp.test", "10.0.0.9", 26, None, "route"),
        Hop("relay.isp.test", MX3, 26, None, "route"),
    ]


def test_it_never_bounces_for_a_broken_route():
    refused = refusal("hamburger.edu", routes={"hamburger.edu": Route("typo.test", 25)})
    assert not refused.permanent


def test_it_calls_an_address_literal():
    assert hops("[11.0.0.1]") == [Hop("[11.0.0.1]", "11.0.0.1", 25, None, "address")]
    assert hops("[IPv6:2a00::3]")[0].address == "2a00::3"
    assert refusal("[127.0.0.1]").permanent
    assert refusal("[not.an.address]").enhanced == "5.1.3"


def test_it_bounds_the_number_of_hops():
    names = [f"mx{number}" for number in range(100)]
    dns = FakeResolver(
        mx={"many.test": [(10, name) for name in names]}, addresses={name: [MX1, MX2, MX3] for name in names}
    )
    assert len(hops("many.test", dns)) == MAX_HOPS
    assert len(dns.asked) <= MAX_HOPS + 1


def test_it_reads_well_in_the_dialogue():
    assert str(Hop("mx1.hamburger.edu", MX1, 25, 10, "mx")) == "mx1.hamburger.edu [11.0.0.1] port 25"


@given(
    records=st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["a", "b", "c", "us", "."])), min_size=1),
)
def test_it_never_goes_past_itself(records):
    dns = FakeResolver(mx={"hamburger.edu": records}, addresses={name: [MX1] for name in "abc"} | {"us": [MX2]})
    ours = min((preference for preference, host in records if host == "us"), default=99)
    better = {host for preference, host in records if preference < ours and host != "."}
    if not better:
        assert refusal("hamburger.edu", dns, own_names=("us",)).permanent
        return
    found = hops("hamburger.edu", dns, own_names=("us",))
    assert {hop.host for hop in found} == better
    preferences = [hop.preference for hop in found]
    assert preferences == sorted(preferences)
    assert max(preferences) < ours
