from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.headers import unfold
from mailserver.mail.senderauth import authresults
from mailserver.mail.senderauth.authresults import Method
from mailserver.mail.senderauth.results import Dkim, Dmarc, Spf, Verdict
from tests.support import corpora

OURS = "mx.hamburger.edu"
VERDICT = Verdict(
    peer="2001:db8::25",
    spf=Spf("pass", "crepes.fr"),
    dkim=(Dkim("pass", "crepes.fr", "mail", "rsa-sha256", mark="oINEO8/g"), Dkim("fail", reason="body was changed")),
    dmarc=Dmarc("pass", "crepes.fr", "reject"),
    iprev="fail",
)


def test_it_writes_the_field():
    assert authresults.write(VERDICT, OURS) == (
        b"Authentication-Results: mx.hamburger.edu;\r\n"
        b"\tspf=pass smtp.mailfrom=crepes.fr;\r\n"
        b'\tdkim=pass header.d=crepes.fr header.s=mail header.a=rsa-sha256 header.b="oINEO8/g";\r\n'
        b'\tdkim=fail reason="body was changed";\r\n'
        b"\tdmarc=pass header.from=crepes.fr policy.dmarc=reject;\r\n"
        b'\tiprev=fail policy.iprev="2001:db8::25"\r\n'
    )


def test_it_reads_what_it_wrote():
    found = authresults.in_trace(b"Return-Path: <>\r\n" + authresults.write(VERDICT, OURS) + b"Received: x\r\n")
    assert found.server == OURS
    assert [method.result for method in found.methods] == ["pass", "pass", "fail", "pass", "fail"]
    assert found.methods[1].properties["header.b"] == "oINEO8/g"
    assert found.methods[2].reason == "body was changed"
    assert found.methods[4].properties == {"policy.iprev": "2001:db8::25"}


def test_it_finds_nothing_where_nothing_was_checked():
    assert authresults.in_trace(b"Return-Path: <>\r\nReceived: from x\r\n") is None


def test_it_reads_the_examples_of_the_rfc():
    found = authresults.read(
        "foo.example.net (foobar) 1 (baz);\t dkim (Because I like it) / 1 (One yay) = (wait for it) fail"
        " policy (A dot can go here) . (like that) expired (this surprised me) = (as I wasn't expecting it) 1362471462"
    )
    assert found.server == "foo.example.net"
    assert found.methods == (Method("dkim", "fail", {"policy.expired": "1362471462"}),)
    assert authresults.read("example.org 1; none").methods == ()


@given(
    st.lists(st.sampled_from(["a", "=", ".", ";", '"', "\\", "(", ")", " ", "/", "dkim=pass", "é"]), max_size=40).map(
        "".join
    )
)
def test_it_reads_anything(value):
    authresults.read(value)


@given(st.text(max_size=30), st.text(max_size=30))
def test_it_quotes_whatever_it_is_given(domain, reason):
    verdict = Verdict(
        "198.51.100.1", Spf("fail", domain), (Dkim("fail", domain, reason=reason),), Dmarc("none"), "pass"
    )
    written = authresults.write(verdict, OURS)
    assert written.count(b"\r\n") == 5
    assert all(32 <= octet < 127 or octet in b"\r\n\t" for octet in written)
    assert authresults.read(unfold(written.partition(b":")[2])).methods[-1].properties


@pytest.mark.parametrize(
    "field",
    [
        b"Authentication-Results: mx.hamburger.edu; spf=pass\r\n",
        b"authentication-results:MX.Hamburger.EDU;\r\n\tspf=pass\r\n\tsmtp.mailfrom=crepes.fr\r\n",
        b"Authentication-Results : mx.hamburger.edu 1; spf=pass\r\n",
        b"Authentication-Results:\r\n (hello) mx.hamburger.edu (x); spf=pass\r\n",
        b'Authentication-Results: "mx.\\hamburger.edu"; spf=pass\r\n',
        b"Authentication-Results: mx.hamburger.edu\r\n",
    ],
)
def test_it_takes_out_what_claims_to_be_ours(field):
    before, after = b"From: a@b.org\r\n", b"Subject: x\r\n\r\nAuthentication-Results: mx.hamburger.edu; spf=pass\r\n"
    assert authresults.without_ours(before + field + after, OURS) == before + after
    assert authresults.without_ours(field + before + field + after, OURS) == before + after
    assert authresults.without_ours(field, OURS) == b""


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\r\nAuthentication-Results: mx.hamburger.edu; spf=pass\r\n",
        b"Authentication-Results: mx.crepes.fr; spf=pass\r\n\r\nHi\r\n",
        b"Authentication-Results: not.mx.hamburger.edu; spf=pass\r\n\r\nHi\r\n",
        b"X-Authentication-Results: mx.hamburger.edu; spf=pass\r\n\r\nHi\r\n",
        b"Authentication-Results:\r\n\r\nHi\r\n",
    ],
)
def test_it_leaves_all_others_alone(raw):
    assert authresults.without_ours(raw, OURS) is raw or authresults.without_ours(raw, OURS) == raw


def test_it_takes_no_longer_for_hostile_fields():
    started = time.process_time()
    for piece in (b'"\\"', b" ", b"(", b";", b'"', b"a=b ", b"\\"):
        value = piece * (200_000 // len(piece))
        authresults.without_ours(b"Authentication-Results: x" + value + b"\r\n\r\n", OURS)
        authresults.read(unfold(value))
    assert time.process_time() - started < 5


@corpora.needed
def test_it_leaves_every_message_of_the_corpora_as_it_is():
    for name, raw in corpora.messages():
        assert authresults.without_ours(raw, OURS) == raw, name
