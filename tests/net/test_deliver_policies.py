"""What a policy asks of a session, against servers with good and bad certificates."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import replace

import pytest
import uvloop

from mailserver.net.dane import Tlsa
from mailserver.net.mx import Hop
from mailserver.net.smtp_client import deliver
from mailserver.net.tls_policy import Login, TlsPolicy
from mailserver.practice.scripted import ScriptedServer
from tests.net.delivering import CONTENT, MESSAGE, PATIENT, dialogue, hop, said, send
from tests.support.authority import authority, issued

HOST = "mx1.hamburger.edu"
OFFER = ("STARTTLS", "REQUIRETLS", "AUTH PLAIN LOGIN")
GOOD = issued(HOST)
KEY = Tlsa(3, 1, 1, hashlib.sha256(GOOD.spki).digest())
OTHER = Tlsa(3, 1, 1, b"x" * 32)
DANE = TlsPolicy(level="dane", source="dane", domain="hamburger.edu", lines=(str(KEY),), records=(KEY,))


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    path.write_bytes(authority().pem)
    return path


@pytest.fixture
def sts(ca):
    return TlsPolicy("verify", "sts", "hamburger.edu", ("mode: enforce",), (HOST,), authorities=ca)


def serving(certificate=GOOD, **options):
    return ScriptedServer(**{"extensions": OFFER, "context": certificate.context(), **options})


def with_policy(server: ScriptedServer, policy: TlsPolicy, **changes) -> Hop:
    return replace(hop(server), policy=policy, **changes)


def results(report):
    return [(found.policy_type, found.result_type) for found in report.findings]


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("kind", ["sts", "dane"])
def test_it_goes_to_a_server_that_proves_who_it_is(run, kind, sts):
    policy = sts if kind == "sts" else DANE
    with serving() as server:
        delivery = deliver([with_policy(server, policy)], MESSAGE, hostname="mail.crepes.fr", timeouts=PATIENT)
        report = run(delivery)
    assert server.messages == [CONTENT]
    assert (report.protection.policy, report.protection.verified) == (kind, True)
    assert "proved who it is" in report.protection.why
    (found,) = report.findings
    assert (found.result_type, found.receiving_mx, found.receiving_ip) == ("", HOST, "127.0.0.1")
    assert (found.policy_domain, found.sending_ip) == ("hamburger.edu", "127.0.0.1")


@pytest.mark.parametrize(
    ("certificate", "result"),
    [
        (issued(HOST, own=True), "certificate-not-trusted"),
        (issued(HOST, expired=True), "certificate-expired"),
        (issued("mx9.hamburger.edu"), "certificate-host-mismatch"),
    ],
    ids=["self-signed", "expired", "wrong-name"],
)
@pytest.mark.parametrize("level", ["verify", "test"])
def test_it_holds_mail_back_from_a_server_that_does_not_prove_it_unless_it_is_a_test(certificate, result, level, sts):
    with serving(certificate) as server:
        report = send(with_policy(server, replace(sts, level=level)))
    (outcome,) = report.results
    assert results(report) == [("sts", result)]
    assert not report.protection.verified
    if level == "verify":
        assert (outcome.outcome, outcome.enhanced, server.messages) == ("deferred", "4.7.5", [])
        assert len(server.sessions) == 1
    else:
        assert (outcome.outcome, server.messages) == ("delivered", [CONTENT])
        assert report.tls
        assert "Calling again without looking at the certificate" in " ".join(dialogue(report))
        assert "for now as a test" in report.protection.why


@pytest.mark.parametrize("level", ["may", "test", "encrypt", "verify", "dane"])
@pytest.mark.parametrize("how", ["not offered", "refused", "broken"])
def test_it_goes_in_clear_only_when_the_policy_allows_it(level, how, sts):
    options = {
        "not offered": {"extensions": ("PIPELINING",)},
        "refused": {"replies": {"STARTTLS": "454 4.7.0 Not now"}},
        "broken": {"handshake": "garbage"},
    }[how]
    with serving(**options) as server:
        report = send(with_policy(server, replace(sts, level=level, records=(KEY,))))
    may = level in ("may", "test")
    assert (report.results[0].outcome, server.messages) == (("delivered", [CONTENT]) if may else ("deferred", []))
    assert report.results[0].enhanced[:4] == ("2.0." if may else "4.7.")
    wanted = "validation-failure" if how == "broken" else "starttls-not-supported"
    assert results(report) == [("sts", wanted)]
    if may:
        assert "it went in clear" in report.protection.why


@pytest.mark.parametrize(
    ("records", "outcome"), [((OTHER, KEY), "delivered"), ((OTHER,), "deferred")], ids=["one of two", "none"]
)
def test_dane(records, outcome):
    with serving() as server:
        report = send(with_policy(server, replace(DANE, records=records)))
    assert report.results[0].outcome == outcome
    assert results(report) == [("tlsa", "" if outcome == "delivered" else "tlsa-invalid")]
    # Nothing was said to a server that is not the right one.
    assert ("EHLO mail.crepes.fr" in server.commands[2:]) is (outcome == "delivered")


def test_a_server_that_must_not_be_called_is_not_called(sts):
    never = replace(sts, level="never", reason="mx1 is not named", finding="validation-failure")
    with serving() as server, serving() as second:
        report = send(with_policy(server, never), with_policy(second, sts))
    assert (server.sessions, second.messages) == ([], [CONTENT])
    assert results(report) == [("sts", "validation-failure"), ("sts", "")]
    with serving() as server:
        report = send(with_policy(server, never))
    assert (report.results[0].outcome, report.results[0].text) == ("deferred", "mx1 is not named")


@pytest.mark.parametrize("policy", ["sts", "dane", "never"])
def test_a_message_may_ask_to_be_sent_whatever_the_policy_says(policy, sts):
    asked = {"sts": sts, "dane": replace(DANE, records=(OTHER,)), "never": replace(sts, level="never")}[policy]
    message = replace(MESSAGE, tls_optional=True)
    with serving(issued("elsewhere.test", own=True)) as server:
        report = send(with_policy(server, asked), message=message)
    assert (server.messages, report.findings) == ([CONTENT], ())


def test_it_never_relaxes_what_the_administrator_asks_for():
    policy = TlsPolicy(level="encrypt", source="route")
    with serving(extensions=()) as server:
        report = send(with_policy(server, policy), message=replace(MESSAGE, tls_optional=True))
    assert (report.results[0].enhanced, server.messages) == ("4.7.4", [])


REQUIRED = replace(MESSAGE, require_tls=True, tls_optional=True)


@pytest.mark.parametrize("proof", ["sts", "testing", "dane", "dnssec", "route"])
def test_requiretls_goes_where_the_server_is_proven_and_promises_the_same(proof, sts, ca):
    policy, changes = {
        "sts": (sts, {}),
        "testing": (replace(sts, level="test"), {}),
        "dane": (DANE, {}),
        "dnssec": (TlsPolicy(domain="hamburger.edu", authorities=ca), {"secure": True}),
        "route": (TlsPolicy(source="route", authorities=ca), {"source": "route"}),
    }[proof]
    with serving() as server:
        report = send(with_policy(server, policy, **changes), message=REQUIRED)
    assert server.messages == [CONTENT]
    assert "MAIL FROM:<alice@crepes.fr> REQUIRETLS" in server.commands
    assert report.protection.verified


@pytest.mark.parametrize(
    ("case", "outcome", "status"),
    [
        ("not offered", "bounced", "5.7.30"),
        ("name not proven", "bounced", "5.7.30"),
        ("bad certificate", "deferred", "4.7.5"),
    ],
)
def test_requiretls_goes_nowhere_else(case, outcome, status, sts):
    options = {"not offered": {"extensions": ("STARTTLS",)}}.get(case, {})
    policy = TlsPolicy(domain="hamburger.edu") if case == "name not proven" else sts
    certificate = issued(HOST, own=True) if case == "bad certificate" else GOOD
    with serving(certificate, **options) as server:
        report = send(with_policy(server, policy), message=REQUIRED)
    assert (report.results[0].outcome, report.results[0].enhanced) == (outcome, status)
    assert server.messages == []


LOGIN = Login("alice", "very secret")
ROUTE = TlsPolicy(level="encrypt", source="route")


@pytest.mark.parametrize("way", ["PLAIN", "LOGIN"])
def test_it_signs_in_at_a_smart_host_and_tells_nobody_the_password(way):
    replies = {"AUTH": "235 2.7.0 Welcome"} if way == "PLAIN" else {"AUTH": "334 VXNlcm5hbWU6"}
    name, secret = (base64.b64encode(text.encode()).decode() for text in ("alice", "very secret"))
    if way == "LOGIN":
        replies |= {name.upper(): "334 UGFzc3dvcmQ6", secret.upper(): "235 2.7.0 Welcome"}
    with serving(extensions=("STARTTLS", f"AUTH {way}"), replies=replies) as server:
        report = send(with_policy(server, ROUTE, login=LOGIN))
    assert server.messages == [CONTENT]
    words = base64.b64encode(b"\0alice\0very secret").decode()
    assert (f"AUTH PLAIN {words}" if way == "PLAIN" else secret) in server.commands
    told = "\n".join(said(report))
    assert "(hidden)" in told
    for hidden in (words, secret, "very secret"):
        assert hidden not in told + repr(report)


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"replies": {"AUTH": "535 5.7.8 Wrong"}}, "4.7.0"),
        ({"extensions": ("STARTTLS", "AUTH GSSAPI")}, "4.7.0"),
        ({"extensions": ("AUTH PLAIN",)}, "4.7.4"),
    ],
    ids=["wrong", "no way", "in clear"],
)
def test_mail_waits_when_the_smart_host_does_not_let_us_in(options, status):
    with serving(**options) as server:
        report = send(with_policy(server, ROUTE, login=LOGIN))
    assert (report.results[0].outcome, report.results[0].enhanced) == ("deferred", status)
    assert server.messages == []
