"""Encryption when the other side offers it, and what happens when it goes wrong."""

from __future__ import annotations

import asyncio
import ssl

import pytest
import uvloop

from mailserver.net import tls
from mailserver.net.smtp_client import deliver
from mailserver.practice.scripted import CLOSE, HANG, Raw, ScriptedServer, Then
from tests.net.delivering import CONTENT, MESSAGE, PATIENT, dialogue, hasty, hop, said, send

OFFER = ("STARTTLS", "PIPELINING")
RUNNERS = pytest.mark.parametrize("run", [asyncio.run, uvloop.run])


def delivery(server, timeouts=PATIENT):
    return deliver([hop(server)], MESSAGE, hostname="mail.crepes.fr", timeouts=timeouts)


@RUNNERS
def test_it_encrypts_with_any_certificate(run):
    with ScriptedServer(extensions=OFFER) as server:
        report = run(delivery(server))
    assert report.tls.startswith("TLSv1.3 TLS_")
    assert report.results[0].tls == report.tls
    assert server.messages == [CONTENT]
    assert server.sessions[0].encrypted
    assert server.commands[:3] == ["EHLO mail.crepes.fr", "STARTTLS", "EHLO mail.crepes.fr"]
    assert f"-- Encrypted from here: {report.tls}" in dialogue(report)


@RUNNERS
@pytest.mark.parametrize("handshake", ["garbage", "close"])
def test_it_calls_again_in_clear_after_a_failed_handshake(run, handshake):
    with ScriptedServer(extensions=OFFER, handshake=handshake) as server:
        report = run(delivery(server))
    assert report.results[0].outcome == "delivered"
    assert report.tls == ""
    assert [session.messages for session in server.sessions] == [[], [CONTENT]]
    assert any(line.startswith("-- Encryption failed: ") for line in dialogue(report))


@RUNNERS
def test_it_calls_again_in_clear_when_the_handshake_hangs(run):
    script = {"STARTTLS": [Then("220 Go ahead", HANG)]}
    with ScriptedServer(extensions=OFFER, replies=script) as server:
        report = run(delivery(server, hasty(starttls=0.3)))
    assert report.results[0].outcome == "delivered"
    assert server.messages == [CONTENT]


def test_it_calls_again_in_clear_when_the_session_dies_right_after_the_handshake():
    script = {"EHLO": ["250 mx1\n250 STARTTLS", CLOSE, "250 mx1\n250 STARTTLS"]}
    with ScriptedServer(replies=script) as server:
        report = send(server)
    assert report.results[0].outcome == "delivered"
    assert [session.encrypted for session in server.sessions] == [True, False]


@pytest.mark.parametrize("action", [HANG, CLOSE])
def test_it_calls_again_in_clear_when_the_word_itself_is_too_much(action):
    with ScriptedServer(extensions=OFFER, replies={"STARTTLS": action}) as server:
        report = send(server, timeouts=hasty(starttls=0.3))
    assert report.results[0].outcome == "delivered"
    assert server.messages == [CONTENT]


def test_it_does_not_believe_words_said_before_the_handshake():
    script = {"STARTTLS": Raw(b"220 Go ahead\r\n250 mx1.evil.test\r\n")}
    with ScriptedServer(extensions=OFFER, replies=script) as server:
        report = send(server)
    assert report.results[0].outcome == "delivered"
    assert report.tls == ""
    assert any("spoke on in clear" in line for line in dialogue(report))
    assert len(server.sessions) == 2


@pytest.mark.parametrize("refusal", ["454 4.7.0 TLS not available", "502 5.5.1 What?"])
def test_it_goes_on_in_clear_when_the_offer_is_withdrawn(refusal):
    with ScriptedServer(extensions=OFFER, replies={"STARTTLS": refusal}) as server:
        report = send(server)
    assert report.results[0].outcome == "delivered"
    assert len(server.sessions) == 1


def test_it_forgets_what_was_offered_in_clear():
    script = {"EHLO": ["250 mx1\n250 STARTTLS\n250 SIZE 5", "250 mx1\n250 SIZE 5000"]}
    with ScriptedServer(replies=script) as server:
        report = send(server)
    assert report.results[0].outcome == "delivered"
    assert "MAIL FROM:<alice@crepes.fr> SIZE=83" in server.commands


def test_it_notes_where_encryption_begins():
    with ScriptedServer(extensions=OFFER) as server:
        report = send(server)
    told = dialogue(report)
    begin = next(number for number, line in enumerate(told) if "Encrypted from here" in line)
    assert told[begin - 1] == "S: 220 2.0.0 Ready to start TLS"
    assert "C: STARTTLS" in said(report)


def test_it_never_speaks_old_tls():
    assert tls.client_context().minimum_version is ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("host", "name"),
    [
        ("mx1.hamburger.edu", "mx1.hamburger.edu"),
        ("mx_1.hamburger.edu", "mx_1.hamburger.edu"),
        ("192.0.2.1", None),
        ("[192.0.2.1]", None),
        ("2001:db8::1", None),
        ("a..b", None),
        ("", None),
        ("x" * 64 + ".test", None),
    ],
)
def test_it_asks_for_a_certificate_by_name_only(host, name):
    assert tls.server_name(host) == name
