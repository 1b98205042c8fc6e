"""Mail servers that are aliases, and domains that are their own mail server, under DANE (RFC 7672 §2.2.2)."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import replace

import pytest

from mailserver.net import hop_policies
from mailserver.net.dane import Tlsa
from mailserver.net.dnssec import alias_for, is_authentic
from mailserver.net.mx import next_hops
from mailserver.net.resolver import DnsNoAnswer, DnsResolver
from mailserver.net.tls_policy import TlsPolicy
from mailserver.practice.dns_server import DnsServer
from mailserver.practice.scripted import ScriptedServer
from tests.net.delivering import hop, send
from tests.support.authority import authority, issued
from tests.support.dns import SERVFAIL, FakeResolver

HOST, TRUE = "mx.hamburger.edu", "mail.big.test"
THEIRS, OWN = Tlsa(3, 1, 1, b"t" * 32), Tlsa(3, 1, 1, b"o" * 32)
TLSA = {f"_25._tcp.{TRUE}": [THEIRS], f"_25._tcp.{HOST}": [OWN]}
MX, CHAIN, FIRST = "mx hamburger.edu", f"addresses {HOST}", f"alias {HOST}"
AT_TRUE, AT_OWN = (f"tlsa {name}" for name in TLSA)


def policy(*authentic: str, tlsa=TLSA, domain: str = "hamburger.edu", alias: bool = True, mx: bool = True):
    dns = FakeResolver(
        mx={"hamburger.edu": [(10, HOST)]} if mx else {},
        addresses={TRUE: ["11.0.0.1"], "hamburger.edu": ["11.0.0.2"], **({} if alias else {HOST: ["11.0.0.1"]})},
        cname={HOST: TRUE} if alias else {},
        tlsa=tlsa,
        authentic=authentic,
    )

    async def ask():
        hops = await next_hops(domain, resolver=dns, routes={}, port=25, own_names=(), allow_private=False)
        return await hop_policies.apply(domain, hops, None, dns, None)

    (found,) = asyncio.run(ask())
    return found.policy, dns


@pytest.mark.parametrize(
    ("authentic", "tlsa", "wanted"),
    [
        ((MX, CHAIN, AT_TRUE, AT_OWN), TLSA, ("dane", TRUE, (THEIRS,))),
        ((MX, CHAIN, AT_OWN), {f"_25._tcp.{HOST}": [OWN]}, ("dane", HOST, (OWN,))),
        ((MX, CHAIN, AT_OWN), TLSA, ("dane", HOST, (OWN,))),
        ((MX, FIRST, AT_TRUE, AT_OWN), TLSA, ("dane", HOST, (OWN,))),
        ((MX, AT_TRUE, AT_OWN), TLSA, ("may", "", ())),
        ((CHAIN, FIRST, AT_TRUE, AT_OWN), TLSA, ("may", "", ())),
        ((MX, CHAIN), {}, ("may", "", ())),
    ],
    ids=[
        "the end of a protected chain comes first",
        "without records there the alias counts",
        "unprotected records there are none",
        "a chain that leads out counts by its protected first step",
        "an unprotected alias counts for nothing",
        "an unprotected MX as well",
        "no records at all",
    ],
)
def test_whose_records_count(authentic, tlsa, wanted):
    found, _ = policy(*authentic, tlsa=tlsa)
    assert (found.level, found.base, found.records) == wanted


def test_a_bogus_answer_at_the_end_of_the_chain_is_not_passed_over():
    found, dns = policy(MX, CHAIN, AT_OWN, tlsa={**TLSA, f"_25._tcp.{TRUE}": SERVFAIL})
    assert (found.level, found.finding) == ("never", "dnssec-invalid")
    assert AT_OWN not in dns.asked


def test_a_host_that_is_no_alias_is_asked_for_once():
    found, dns = policy(MX, CHAIN, AT_OWN, alias=False)
    assert (found.level, found.base) == ("dane", HOST)
    assert [question for question in dns.asked if question.startswith(("tlsa", "alias"))] == [AT_OWN]


@pytest.mark.parametrize(("missing", "level"), [("", "dane"), (MX, "may"), ("addresses hamburger.edu", "may")])
def test_a_domain_proven_to_have_no_mx_is_its_own_host(missing, level):
    place = "_25._tcp.hamburger.edu"
    protected = {MX, "addresses hamburger.edu", f"tlsa {place}"} - {missing}
    found, _ = policy(*protected, tlsa={place: [OWN]}, mx=False)
    assert found.level == level


@pytest.mark.parametrize(("base", "outcome"), [(TRUE, "delivered"), ("", "deferred")])
def test_the_server_is_asked_for_the_certificate_of_that_name(base, outcome):
    names = []
    record = Tlsa(2, 1, 1, hashlib.sha256(authority().spki).digest())
    context = issued(TRUE).context()
    context.sni_callback = lambda sock, name, context: names.append(name)
    with ScriptedServer(extensions=("STARTTLS",), context=context) as server:
        wanted = TlsPolicy("dane", "dane", "hamburger.edu", records=(record,), base=base)
        report = send(replace(hop(server, HOST), policy=wanted))
    assert [result.outcome for result in report.results] == [outcome]
    assert names == [base or HOST]


ZONE = {
    "hamburger.edu": ["A 11.0.0.2"],
    HOST: ["CNAME step.hamburger.edu."],
    "step.hamburger.edu": [f"CNAME {TRUE}."],
    TRUE: ["AAAA 2001:db8::1"],
}


@pytest.mark.parametrize("remembers", [0, 100])
@pytest.mark.parametrize("validates", [True, False])
def test_a_real_resolver_tells_where_aliases_end_and_what_is_proven(validates, remembers):
    async def ask(resolver):
        for _ in range(2):  # the second time from memory
            addresses, first = await resolver.addresses(HOST), await resolver.alias(HOST)
            plain = await resolver.addresses(TRUE.upper())
            with pytest.raises(DnsNoAnswer) as none:
                await resolver.mx("hamburger.edu")
            with pytest.raises(DnsNoAnswer):
                await resolver.alias(TRUE)
        return addresses, first, plain, none.value

    with DnsServer(ZONE) as server:
        server.validates = validates
        addresses, first, plain, none = asyncio.run(ask(DnsResolver(server.address, remembers=remembers, dnssec="on")))
    assert (list(addresses), alias_for(addresses, HOST)) == (["2001:db8::1"], TRUE)
    assert alias_for(plain, TRUE.upper()) == ""
    assert list(first) == ["step.hamburger.edu"]
    assert [is_authentic(addresses), is_authentic(first), none.authentic] == [validates] * 3
