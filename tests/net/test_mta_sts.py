"""Policies fetched over HTTPS, from servers that behave and others."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
import uvloop

from mailserver.net import mta_sts
from mailserver.net.internet import is_public
from mailserver.net.mta_sts import NoPolicy, Source
from tests.support.authority import authority, issued
from tests.support.dns import SERVFAIL, FakeResolver
from tests.support.policy_server import ENFORCE, PolicyServer, answered

HOST = "mta-sts.hamburger.edu"
DNS = FakeResolver(addresses={HOST: ["127.0.0.1"]})


@pytest.fixture
def source(tmp_path):
    path = tmp_path / "ca.pem"
    path.write_bytes(authority().pem)
    return Source(authorities=path, allowed=lambda address: True)


@pytest.fixture
def fetched(source):
    def ask(answer, certificate=None, run=asyncio.run, **changes):
        with PolicyServer((certificate or issued(HOST)).context(), answer) as server:
            policy = run(mta_sts.fetch("hamburger.edu", DNS, replace(source, port=server.port, **changes)))
        return policy, server

    return ask


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_it_fetches_a_policy(fetched, run):
    policy, server = fetched(answered(ENFORCE), run=run)
    assert (policy.mode, policy.mx) == ("enforce", ("mx1.hamburger.edu", "*.mail.hamburger.edu"))
    request = server.requests[0].decode().split("\r\n")
    assert request[:2] == ["GET /.well-known/mta-sts.txt HTTP/1.1", f"Host: {HOST}:{server.port}"]


def test_it_reads_pieces(fetched):
    head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n"
    policy, _ = fetched(f"{head}{len(ENFORCE):x}\r\n{ENFORCE}\r\n0\r\n\r\n".encode())
    assert policy.mode == "enforce"


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (answered(ENFORCE, status="301 Moved\r\nLocation: https://elsewhere.test/"), "sts-policy-fetch-error"),
        (answered(ENFORCE, status="404 Not Found"), "sts-policy-fetch-error"),
        (answered(ENFORCE, kind="text/html"), "sts-policy-fetch-error"),
        (answered(ENFORCE)[:-20], "sts-policy-fetch-error"),
        (answered(ENFORCE + "mx: a.test\r\n" * 6000), "sts-policy-fetch-error"),
        (b"rubbish", "sts-policy-fetch-error"),
        (b"", "sts-policy-fetch-error"),
        (None, "sts-policy-fetch-error"),
        (answered("version: STSv1\r\n"), "sts-policy-invalid"),
    ],
    ids=["redirect", "404", "html", "half", "large", "rubbish", "nothing", "silence", "invalid"],
)
def test_it_takes_nothing_else(fetched, answer, result):
    with pytest.raises(NoPolicy) as failed:
        fetched(answer, seconds=0.5 if answer is None else 10.0)
    assert failed.value.result == result


@pytest.mark.parametrize("how", ["wrong name", "expired", "self-signed"])
def test_the_certificate_must_be_valid(fetched, how):
    certificate = {
        "wrong name": issued("hamburger.edu"),
        "expired": issued(HOST, expired=True),
        "self-signed": issued(HOST, own=True),
    }[how]
    with pytest.raises(NoPolicy) as failed:
        fetched(answered(ENFORCE), certificate)
    assert failed.value.result == "sts-webpki-invalid"


@pytest.mark.parametrize("addresses", [{HOST: ["11.0.0.1", "127.0.0.1"]}, {HOST: SERVFAIL}, {}])
def test_it_calls_nobody_in_our_own_network_and_nobody_unknown(source, addresses):
    with pytest.raises(NoPolicy):
        asyncio.run(
            mta_sts.fetch("hamburger.edu", FakeResolver(addresses=addresses), replace(source, allowed=is_public))
        )


@pytest.mark.parametrize(
    ("records", "identity"), [([b"v=STSv1; id=1;"], "1"), ([b"v=spf1 -all"], None), (SERVFAIL, None), ([], None)]
)
def test_it_asks_for_the_id(records, identity):
    dns = FakeResolver(txt={"_mta-sts.hamburger.edu": records})
    assert asyncio.run(mta_sts.identity("hamburger.edu", dns)) == identity
