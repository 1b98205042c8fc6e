"""All checks of a sender together, with a DNS made of dicts and, at the end, a real one on loopback."""

from __future__ import annotations

import asyncio
import logging
import time

import dkim as dkimpy
import pytest

from mailserver.mail.senderauth.results import Dmarc, Spf
from mailserver.net import senderauth, spf
from mailserver.net.resolver import DnsResolver
from mailserver.net.senderauth import SenderCheck
from mailserver.practice.dns_server import DnsServer
from tests.mail.senderauth import keys
from tests.support.dns import SERVFAIL, SILENCE, FakeEvidence

NOW = 1_795_000_000
PEER = "198.51.100.25"
MESSAGE = b"From: Alice <alice@crepes.fr>\r\nSubject: Hi\r\n\r\nDo you like ketchup?\r\n"
ZONE = {
    "crepes.fr": [("TXT", "v=spf1 ip4:198.51.100.25 -all")],
    "mail._domainkey.crepes.fr": [("TXT", keys.record())],
    "_dmarc.crepes.fr": [("TXT", "v=DMARC1; p=reject")],
    "25.100.51.198.in-addr.arpa": [("PTR", "mx.crepes.fr")],
    "mx.crepes.fr": [("A", PEER)],
}


def signed(message: bytes = MESSAGE) -> bytes:
    return dkimpy.sign(message, b"mail", b"crepes.fr", keys.pem(), linesep=b"\r\n") + message


def checked(resolver, content: bytes = MESSAGE, *, peer=PEER, sender="alice@crepes.fr", seconds=5.0, times=1):
    """The last of several verdicts of one SenderCheck."""

    async def run():
        check = SenderCheck(resolver, seconds=seconds, clock=lambda: NOW)
        for _ in range(times):
            verdict = await check.check(content, peer=peer, helo="mx.crepes.fr", sender=sender)
        return verdict

    return asyncio.run(run())


def zone(**changed):
    return {**ZONE, **changed}


def test_it_finds_everything_in_order():
    verdict = checked(FakeEvidence(ZONE), signed())
    assert verdict.spf == Spf("pass", "crepes.fr")
    assert [(item.result, item.domain) for item in verdict.dkim] == [("pass", "crepes.fr")]
    assert verdict.dmarc == Dmarc("pass", "crepes.fr", "reject")
    assert (verdict.iprev, verdict.disposition, verdict.peer) == ("pass", "none", PEER)


def test_it_asks_for_each_record_once():
    resolver = FakeEvidence(ZONE)
    checked(resolver, signed(signed()))
    assert resolver.asked.count("mail._domainkey.crepes.fr TXT") == 1
    assert len(resolver.asked) == len(set(resolver.asked))


def test_it_tells_a_forger():
    verdict = checked(FakeEvidence(ZONE), peer="203.0.113.9")
    assert (verdict.spf.result, verdict.dkim[0].result, verdict.iprev) == ("fail", "none", "permerror")
    assert (verdict.dmarc.result, verdict.disposition) == ("fail", "reject")


def test_it_believes_a_signature_where_the_server_is_unknown():
    verdict = checked(FakeEvidence(ZONE), signed(), peer="203.0.113.9")
    assert (verdict.spf.result, verdict.dmarc.result, verdict.disposition) == ("fail", "pass", "none")


@pytest.mark.parametrize("names", [[("PTR", "mx.crepes.fr")], [("PTR", "other.org"), ("PTR", "mx.crepes.fr")]])
def test_it_looks_at_every_name_of_the_caller(names):
    assert checked(FakeEvidence({**ZONE, "25.100.51.198.in-addr.arpa": names})).iprev == "pass"


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ({"25.100.51.198.in-addr.arpa": SERVFAIL}, "temperror"),
        ({"mx.crepes.fr": SERVFAIL}, "temperror"),
        ({"mx.crepes.fr": [("A", "192.0.2.1")]}, "fail"),
    ],
)
def test_it_tells_why_the_name_of_the_caller_does_not_hold(changed, word):
    assert checked(FakeEvidence({**ZONE, **changed})).iprev == word


def test_it_knows_callers_of_ipv6_and_of_mapped_ipv4():
    assert checked(FakeEvidence(ZONE), peer="::ffff:198.51.100.25").spf.result == "pass"
    assert (
        checked(
            FakeEvidence(zone(**{"crepes.fr": [("TXT", "v=spf1 ip6:2001:db8::/32 -all")]})), peer="2001:db8::1"
        ).spf.result
        == "pass"
    )


@pytest.mark.parametrize("trouble", [SERVFAIL, SILENCE])
def test_it_lets_mail_in_when_the_dns_fails(trouble):
    started = time.monotonic()
    verdict = checked(FakeEvidence(dict.fromkeys(ZONE, trouble)), signed(), seconds=0.2)
    assert verdict.spf == Spf("temperror", "crepes.fr")
    assert [item.result for item in verdict.dkim] == ["temperror"]
    assert (verdict.dmarc.result, verdict.iprev, verdict.disposition) == ("temperror", "temperror", "none")
    assert time.monotonic() - started < 4


def test_it_keeps_what_came_in_time():
    verdict = checked(FakeEvidence({**ZONE, "crepes.fr": SILENCE}), signed(), seconds=0.3)
    assert (verdict.spf.result, verdict.dmarc.result, verdict.iprev) == ("temperror", "pass", "pass")


def test_it_leaves_a_silent_resolver_alone(caplog):
    resolver = FakeEvidence(dict.fromkeys(ZONE, SILENCE), alive=False)
    with caplog.at_level(logging.WARNING):
        verdict = checked(resolver, signed(), seconds=0.2, times=4)
    assert verdict.spf.result == "temperror"
    assert resolver.asked.count(". NS") == 1
    assert resolver.asked.count("crepes.fr TXT") == 1
    assert len(caplog.records) == 1


def test_it_goes_on_asking_when_only_the_domain_is_silent():
    resolver = FakeEvidence({**ZONE, "crepes.fr": SILENCE})
    checked(resolver, seconds=0.2, times=2)
    assert resolver.asked.count("crepes.fr TXT") == 2


def test_it_asks_again_after_a_minute(monkeypatch):
    monkeypatch.setattr(senderauth, "SILENT_SECONDS", 0)
    resolver = FakeEvidence(dict.fromkeys(ZONE, SILENCE), alive=False)
    checked(resolver, seconds=0.1, times=2)
    assert resolver.asked.count("crepes.fr TXT") == 2


def test_it_survives_a_fault_in_a_check(monkeypatch, caplog):
    async def broken(*_, **__):
        raise RuntimeError("boom")

    monkeypatch.setattr(senderauth.spf, "check", broken)
    assert checked(FakeEvidence(ZONE), signed()).spf.result == "temperror"
    assert "stumbled" in caplog.text


def test_it_does_not_hold_up_the_event_loop():
    """A body of 30 MB is hashed elsewhere, and silence of the DNS is waited for elsewhere."""
    content = MESSAGE + b"a  b\t c \r\n" * (30 * 1024 * 1024 // 10)
    content = (
        b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=crepes.fr; s=mail; h=from; bh=AA==; b=AA==\r\n"
        + (content)
    )

    async def run() -> float:
        check = SenderCheck(FakeEvidence(ZONE), clock=lambda: NOW)
        task = asyncio.create_task(check.check(content, peer=PEER, helo="x.org", sender=""))
        longest = 0.0
        while not task.done():
            before = time.monotonic()
            await asyncio.sleep(0)
            longest = max(longest, time.monotonic() - before)
        assert (await task).dkim[0].reason == "body was changed"
        return longest

    assert asyncio.run(run()) < 1


@pytest.fixture(scope="module")
def server():
    public = {name: [f"{kind} {_quoted(kind, value)}" for kind, value in records] for name, records in ZONE.items()}
    with DnsServer({**public, "loose.test": ['TXT "one " "two"', "A 192.0.2.1"]}) as server:
        yield server


def _quoted(kind, value):
    text = value.decode() if isinstance(value, bytes) else value
    if kind != "TXT":
        return f"{text}." if kind == "PTR" else text
    return " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200))


def test_it_works_with_a_real_dns(server):
    verdict = checked(DnsResolver(server.address, timeout=5, remembers=100), signed())
    assert (verdict.spf.result, verdict.dkim[0].result, verdict.dmarc.result, verdict.iprev) == ("pass",) * 4


def test_what_is_at_hand_gives_the_same_verdict_and_asks_nobody(server, monkeypatch):
    content = signed()

    async def check(checks):
        return await checks.check(content, peer=PEER, helo="mx.crepes.fr", sender="alice@crepes.fr")

    async def twice():
        resolver = DnsResolver(server.address, timeout=5, remembers=100)
        checks = SenderCheck(resolver, memory=resolver.at_hand, clock=lambda: NOW)
        first = await check(checks)
        monkeypatch.setattr(SenderCheck, "_asked", None)
        return first, await check(checks)

    first, second = asyncio.run(twice())
    assert second == first
    assert first.spf.result == "pass"


def test_what_it_came_to_is_remembered_for_the_domain_as_long_as_the_answers_hold(server, monkeypatch):
    asked: list[str] = []
    real = spf.at_hand

    def at_hand(**values):
        asked.append(values["sender"])
        return real(**values)

    async def check() -> list[str]:
        resolver = DnsResolver(server.address, timeout=5, remembers=100)
        checks = SenderCheck(resolver, memory=resolver.at_hand, clock=lambda: NOW)
        monkeypatch.setattr(spf, "at_hand", at_hand)
        words = []
        # The first asks the DNS, the second what is at hand.
        for sender in ("alice@crepes.fr", "bob@crepes.fr", "charlie@crepes.fr"):
            words.append((await checks.check(b"\r\n", peer=PEER, helo="mx.crepes.fr", sender=sender)).spf.result)
        now = time.time
        monkeypatch.setattr(checks._found, "_clock", lambda: now() + 10**6)
        await checks.check(b"\r\n", peer=PEER, helo="mx.crepes.fr", sender="dora@crepes.fr")
        return words

    assert asyncio.run(check()) == ["pass"] * 3
    assert asked == ["bob@crepes.fr", "dora@crepes.fr"]


@pytest.mark.parametrize(
    ("record", "for_all"), [("v=spf1 ip4:192.0.2.1 -all", True), ("v=spf1 exists:%{l}.x -all", False)]
)
def test_macros_are_about_one_sender(record, for_all):
    resolver = FakeEvidence(zone(**{"crepes.fr": [("TXT", record)]}))
    _, found = spf.at_hand(peer=PEER, helo="mx.crepes.fr", sender="alice@crepes.fr", resolver=resolver)
    assert found is for_all


def test_it_joins_the_strings_of_a_record(server):
    assert asyncio.run(DnsResolver(server.address, timeout=5).txt("loose.test")) == [b"one two"]


def test_it_asks_for_one_kind_of_address(server):
    assert asyncio.run(DnsResolver(server.address, timeout=5).hosts("loose.test", 4)) == ["192.0.2.1"]


def test_it_remembers_answers(server):
    async def ask() -> None:
        resolver = DnsResolver(server.address, timeout=5, remembers=100)
        for _ in range(3):
            await resolver.txt("crepes.fr")
        await resolver.answers()

    server.asked.clear()
    asyncio.run(ask())
    assert server.asked.count("crepes.fr TXT") == 1
    assert server.asked.count(" NS") == 1


def test_it_tells_whether_the_resolver_answers(server, monkeypatch):
    monkeypatch.setattr("mailserver.net.resolver.PROBE_SECONDS", 0.2)
    assert asyncio.run(DnsResolver(server.address).answers())
    with DnsServer({"": "SILENCE"}) as silent:
        assert not asyncio.run(DnsResolver(silent.address).answers())
