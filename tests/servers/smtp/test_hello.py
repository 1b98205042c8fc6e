from __future__ import annotations

import pytest

from tests.support.dialogue import Dialogue
from tests.support.listeners import listening


def keywords(said: str) -> list[str]:
    return [line[4:] for line in said.split("\n")[1:]]


def test_it_greets_with_its_name(ports, connect):
    client = connect(ports.mx)
    client.ask("HELO crepes.fr", r"250 mx\.hamburger\.edu Hello crepes\.fr, pleased to meet you")


def test_it_lists_what_it_can(mx):
    said = mx.ask("EHLO crepes.fr", r"250-mx\.hamburger\.edu .*")
    assert keywords(said) == [
        "PIPELINING",
        "SIZE 37748736",
        "8BITMIME",
        "SMTPUTF8",
        "ENHANCEDSTATUSCODES",
        "DSN",
        "STARTTLS",
        "HELP",
    ]


def test_it_offers_sign_in_only_under_tls(ports, connect):
    assert not [word for word in keywords(connect(ports.submission).ask("EHLO x", "250.*")) if word.startswith("AUTH")]
    inside = keywords(connect(ports.submissions, encrypted=True).ask("EHLO x", "250.*"))
    assert "AUTH SCRAM-SHA-256 PLAIN LOGIN OAUTHBEARER XOAUTH2" in inside
    assert "STARTTLS" not in inside
    assert "REQUIRETLS" in inside


@pytest.mark.parametrize("verb", ["HELO", "EHLO"])
@pytest.mark.parametrize("name", ["", "two words", "bell\x07", "x" * 256])
def test_it_refuses_a_greeting_without_a_name(mx, verb, name):
    mx.ask(f"{verb} {name}".strip(), r"501 5\.5\.4 .*")
    mx.ask("MAIL FROM:<alice@crepes.fr>", r"503 5\.5\.1 .*")


@pytest.mark.parametrize("name", ["my_pc", "[192.0.2.1]", "[IPv6:2001:db8::1]", "crêpes.fr", "a(b)"])
def test_it_takes_any_name_and_repeats_only_plain_ones(mx, name):
    said = mx.ask(f"EHLO {name}", r"250-.*")
    shown = said.split("\n")[0].split("Hello ")[1].split(",")[0]
    assert shown == (name if name.isascii() and "(" not in name else "client")


@pytest.mark.parametrize("command", ["MAIL FROM:<alice@crepes.fr>", "RCPT TO:<bob@hamburger.edu>", "DATA"])
def test_it_wants_a_greeting_first(mx, command):
    mx.ask(command, r"503 5\.5\.1 .*")


def test_it_forgets_the_message_at_a_new_greeting(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", r"250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", r"250 .*")
    hello.ask("EHLO crepes.fr", r"250-.*")
    hello.ask("DATA", r"503 .*")


def test_it_offers_no_starttls_without_a_certificate(db, tmp_path):
    with listening(tmp_path, tls=False) as ports, Dialogue(ports.mx) as client:
        client.expect("220 .*")
        assert "STARTTLS" not in keywords(client.ask("EHLO crepes.fr", "250-.*"))
        client.ask("STARTTLS", r"502 5\.5\.1 .*")
