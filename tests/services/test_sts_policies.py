"""MTA-STS (and DANE before it) from the record in the DNS to the mail that waits, and what is remembered in between."""

from __future__ import annotations

import hashlib
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.practice.dns_server import DnsServer
from mailserver.practice.scripted import ScriptedServer
from mailserver.services import delivery, queue_record_bulk, sts_policies
from mailserver.store.models import Domain, StsPolicy
from tests.support.authority import authority, issued
from tests.support.mail import message
from tests.support.policy_server import ENFORCE, PolicyServer, answered
from tests.support.queueing import only, queued

pytestmark = pytest.mark.django_db(transaction=True)

MX = "mx1.hamburger.edu"


@pytest.fixture
def world(configure, domains, tmp_path):
    """hamburger.edu elsewhere: its DNS, its policy, its mail server."""
    Domain.objects.filter(name="hamburger.edu").delete()
    ca = tmp_path / "ca.pem"
    ca.write_bytes(authority().pem)
    zone = {
        "hamburger.edu": [f"MX 10 {MX}."],
        MX: ["A 127.0.0.1"],
        "mta-sts.hamburger.edu": ["A 127.0.0.1"],
        "_mta-sts.hamburger.edu": ['TXT "v=STSv1; id=1;"'],
    }
    policies = PolicyServer(issued("mta-sts.hamburger.edu").context(), answered(ENFORCE))
    mail = ScriptedServer(extensions=("STARTTLS",), context=issued(MX).context())
    with DnsServer(zone) as dns, policies, mail:
        configure(
            dns_server=dns.address, remote_smtp_port=mail.port, mta_sts_port=policies.port, trusted_ca=ca, dnssec="off"
        )
        yield World(dns, policies, mail)


class World:
    def __init__(self, dns, policies, mail):
        self.dns, self.policies, self.mail = dns, policies, mail

    def publish(self, identity, policy=ENFORCE):
        self.dns.zone["_mta-sts.hamburger.edu."] = [f'TXT "v=STSv1; id={identity};"']
        self.policies.answer = answered(policy)


def send(alice):
    entry = queued(alice, "bob@hamburger.edu")
    delivery.deliver_domain("hamburger.edu")
    return entry.attempts.get(), only(entry)


@pytest.fixture(autouse=True)
def forgetful(monkeypatch):
    """The DNS of the tests changes while its answers would still be remembered."""
    monkeypatch.setattr("mailserver.services.delivery_dns.REMEMBERED_ANSWERS", 0)
    monkeypatch.setattr("mailserver.services.delivery_dns._kept", type("Kept", (), {})())


def test_a_policy_is_fetched_once_and_kept(world, alice):
    for _ in range(2):
        attempt, row = send(alice)
        assert (attempt.tls_policy, attempt.tls_verified, row.state) == ("sts", True, "delivered")
    assert "policy of hamburger.edu asks for proven encryption (MTA-STS)" in attempt.tls_reason
    assert len(world.policies.requests) == 1
    kept = StsPolicy.objects.get()
    assert (kept.domain, kept.identity, kept.error) == ("hamburger.edu", "1", "")
    assert kept.expires_at - kept.fetched_at == timedelta(days=1)


def test_a_new_policy_counts_at_once(world, alice):
    send(alice)
    world.publish("2", ENFORCE.replace(MX, "mx7.hamburger.edu"))
    attempt, row = send(alice)
    assert (row.state, row.reply_enhanced) == ("deferred", "4.7.5")
    assert "not among the mail servers that hamburger.edu names" in attempt.tls_reason
    world.publish("3", "version: STSv1\nmode: none\nmax_age: 60\n")
    attempt, row = send(alice)
    assert (attempt.tls_policy, row.state) == ("none", "delivered")


@pytest.mark.parametrize("trouble", ["no record", "no file", "other file", "silence in the DNS"])
def test_a_policy_that_is_known_outlives_what_somebody_in_between_can_do(world, alice, trouble):
    send(alice)
    world.mail.context = issued(MX, own=True).context()
    if trouble == "no record":
        del world.dns.zone["_mta-sts.hamburger.edu."]
    elif trouble == "silence in the DNS":
        world.dns.zone["_mta-sts.hamburger.edu."] = "SERVFAIL"
    else:
        world.publish("2")
        world.policies.answer = answered("<html>", status="404 Not Found" if trouble == "no file" else "200 OK")
    attempt, row = send(alice)
    assert (attempt.tls_policy, row.state) == ("sts", "deferred")
    if trouble.endswith("file"):
        assert StsPolicy.objects.get().error
        world.publish("2", "version: STSv1\nmode: none\nmax_age: 60\n")
        asked = len(world.policies.requests)
        send(alice)  # not asked for again so soon
        assert len(world.policies.requests) == asked
        StsPolicy.objects.update(tried_at=timezone.now() - sts_policies.PATIENCE)
        assert send(alice)[1].state == "delivered"


def test_without_any_policy_a_failure_to_fetch_one_holds_nothing_back(world, alice, monkeypatch):
    reports = []
    record = queue_record_bulk.record_all

    def recorded(tries):
        reports.extend(report for _, report in tries)
        return record(tries)

    monkeypatch.setattr(queue_record_bulk, "record_all", recorded)
    world.policies.answer = answered("<html>", status="404 Not Found")
    attempt, row = send(alice)
    assert (attempt.tls_policy, row.state) == ("none", "delivered")
    assert [found.result_type for found in reports[0].findings] == ["sts-policy-fetch-error", ""]
    assert [found.policy_type for found in reports[0].findings] == ["sts", "no-policy-found"]


def test_it_is_fetched_again_before_it_runs_out_and_forgotten_long_after(world, alice):
    send(alice)
    long_ago = timezone.now() - timedelta(hours=13)
    StsPolicy.objects.update(fetched_at=long_ago, tried_at=long_ago, expires_at=long_ago + timedelta(days=1))
    send(alice)
    assert len(world.policies.requests) == 2
    assert StsPolicy.objects.get().expires_at > timezone.now() + timedelta(hours=23)

    old = timezone.now() - timedelta(days=31)
    StsPolicy.objects.update(tried_at=old)
    assert sts_policies.forget() == 0
    StsPolicy.objects.update(expires_at=old)
    assert sts_policies.forget() == 1


@pytest.mark.parametrize(("header", "state"), [("TLS-Required: No\r\n", "delivered"), ("", "deferred")])
def test_a_message_may_waive_the_policy_of_its_recipients(world, alice, header, state):
    world.mail.context = issued(MX, own=True).context()
    raw = header.encode() + message(sender="alice@crepes.fr", to="bob@hamburger.edu")
    held = queued(alice, "bob@hamburger.edu")  # a plain one before it, that has to wait
    entry = queued(alice, "bob@hamburger.edu", raw=raw)
    delivery.deliver_domain("hamburger.edu")
    assert (only(held).state, only(entry).state) == ("deferred", state)


def test_requiretls_goes_by_the_policy_or_comes_back(world, alice):
    world.mail._script["EHLO"] = ["250 mx1\n250 STARTTLS\n250 REQUIRETLS"]
    entry = queued(alice, "bob@hamburger.edu")
    entry.require_tls = True
    entry.save()
    delivery.deliver_domain("hamburger.edu")
    assert only(entry).state == "delivered"
    assert entry.attempts.get().tls_policy == "requiretls"
    assert any(command.endswith(" REQUIRETLS") for command in world.mail.commands)

    world.mail._script["EHLO"] = ["250 mx1\n250 STARTTLS"]
    entry = queued(alice, "bob@hamburger.edu")
    entry.require_tls = True
    entry.save()
    delivery.deliver_domain("hamburger.edu")
    assert (only(entry).state, only(entry).reply_enhanced) == ("bounced", "5.7.30")


@pytest.mark.parametrize(
    ("published", "state", "policy"),
    [
        ("right", "delivered", "dane"),
        ("wrong", "deferred", "dane"),
        ("bogus", "deferred", "dane"),
        ("none", "delivered", "sts"),
    ],
)
def test_dane_comes_first(world, alice, configure, published, state, policy):
    key = hashlib.sha256(issued(MX).spki).hexdigest()
    records = {"right": [f"TLSA 3 1 1 {key}"], "wrong": [f"TLSA 3 1 1 {'ab' * 32}"], "bogus": "SERVFAIL"}
    if published in records:
        world.dns.zone[f"_{world.mail.port}._tcp.{MX}."] = records[published]
    world.dns.validates = True
    configure(dnssec="auto")
    attempt, row = send(alice)
    assert (row.state, attempt.tls_policy, attempt.tls_verified) == (state, policy, state == "delivered")
