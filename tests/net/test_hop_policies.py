"""Which policy counts for which server: DANE, then MTA-STS, then nothing."""

from __future__ import annotations

import asyncio

import pytest

from mailserver.mail import mtasts
from mailserver.net import hop_policies
from mailserver.net.dane import Tlsa
from mailserver.net.mx import next_hops
from tests.support.dns import SERVFAIL, FakeResolver
from tests.support.policy_server import ENFORCE

HOST = "mx1.hamburger.edu"
PLACE = "_25._tcp.mx1.hamburger.edu"
KEY = Tlsa(3, 1, 1, b"k" * 32)
SECURE = ("mx hamburger.edu", f"addresses {HOST}", f"tlsa {PLACE}")
STS = mtasts.parse(ENFORCE)


def found(tlsa=None, *, authentic=SECURE, sts=None, host=HOST):
    dns = FakeResolver(
        mx={"hamburger.edu": [(10, host)]},
        addresses={host: ["11.0.0.1"]},
        tlsa={PLACE: tlsa} if tlsa else {},
        authentic=authentic,
    )

    async def ask():
        hops = await next_hops("hamburger.edu", resolver=dns, routes={}, port=25, own_names=(), allow_private=False)
        return await hop_policies.apply("hamburger.edu", hops, sts, dns, None)

    (hop,) = asyncio.run(ask())
    return hop.policy, dns


def test_dane_comes_before_mta_sts():
    policy, _ = found([KEY], sts=STS)
    assert (policy.level, policy.source, policy.records) == ("dane", "dane", (KEY,))
    assert policy.lines == (str(KEY),)


def test_records_that_do_not_count_still_ask_for_encryption():
    policy, _ = found([Tlsa(1, 1, 1, b"k" * 32)], sts=STS)
    assert (policy.level, policy.source) == ("encrypt", "dane")


@pytest.mark.parametrize("missing", SECURE)
def test_without_dnssec_all_the_way_there_is_no_dane(missing):
    policy, dns = found([KEY], authentic=[one for one in SECURE if one != missing])
    assert (policy.level, policy.source) == ("may", "none")
    assert (f"tlsa {PLACE}" in dns.asked) is missing.startswith("tlsa")


def test_a_bogus_answer_stops_mail_to_that_server():
    policy, _ = found(SERVFAIL, sts=STS)
    assert (policy.level, policy.finding) == ("never", "dnssec-invalid")


def test_a_broken_server_of_an_unsigned_zone_harms_nobody():
    policy, _ = found(SERVFAIL, authentic=())
    assert policy.level == "may"


@pytest.mark.parametrize(
    ("mode", "host", "level", "finding"),
    [
        ("enforce", HOST, "verify", ""),
        ("enforce", "mx.evil.test", "never", "validation-failure"),
        ("testing", HOST, "test", ""),
        ("testing", "mx.evil.test", "may", "validation-failure"),
        ("none", "mx.evil.test", "may", ""),
    ],
)
def test_mta_sts(mode, host, level, finding):
    policy, _ = found(sts=mtasts.parse(ENFORCE.replace("enforce", mode)), authentic=(), host=host)
    assert (policy.level, policy.finding) == (level, finding)
    assert policy.source == ("none" if mode == "none" else "sts")
