"""SMTPUTF8 (RFC 6531) and octets above 127 without it."""

from __future__ import annotations

import pytest

from mailserver.services import messages
from mailserver.services.accounts import create_account
from mailserver.services.domains import add_domain
from mailserver.store.models import Message


@pytest.fixture
def jose(domains):
    return create_account(address="josé@hamburger.edu", password="galette")


def test_it_takes_addresses_beyond_ascii_with_the_word(hello, jose):
    hello.ask("MAIL FROM:<zoë@crepes.fr> SMTPUTF8", "250 .*")
    hello.ask("RCPT TO:<josé@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.send("Subject: ça va", "", "Oui", ".")
    hello.expect("250 .*")
    raw = messages.raw(Message.objects.get(account=jose))
    assert raw.startswith("Return-Path: <zoë@crepes.fr>".encode())
    assert b" with UTF8SMTP\r\n" in raw


def test_it_asks_for_the_word(hello, jose):
    hello.ask("MAIL FROM:<zoë@crepes.fr>", r"553 5\.6\.7 .*")
    hello.ask("MAIL FROM:<zoe@crêpes.fr>", r"553 5\.6\.7 .*")
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<josé@hamburger.edu>", r"553 5\.6\.7 .*")


@pytest.mark.parametrize("octets", [b"zo\xeb", b"\xc3", b"\xed\xa0\x80", b"\xff", b"a\xc2\xa0b"])
def test_it_refuses_octets_that_are_no_characters(hello, bob, octets):
    for word in (b"", b" SMTPUTF8"):
        hello.push(b"MAIL FROM:<" + octets + b"@crepes.fr>" + word + b"\r\n")
        hello.expect(r"501 5\.1\.7 .*|553 5\.6\.7 .*" if octets == b"a\xc2\xa0b" else r"501 5\.1\.7 .*")
    hello.ask("MAIL FROM:<alice@crepes.fr> SMTPUTF8", "250 .*")
    hello.push(b"RCPT TO:<" + octets + b"@hamburger.edu>\r\n")
    hello.expect(r"501 5\.1\.3 .*")


def test_it_knows_a_domain_in_both_forms(hello, bob):
    add_domain("crêpes.example")
    create_account(address="zoe@crêpes.example", password="galette")
    hello.ask("MAIL FROM:<alice@crepes.fr> SMTPUTF8", "250 .*")
    hello.ask("RCPT TO:<zoe@crêpes.example>", "250 .*")
    hello.ask("RCPT TO:<zoe@xn--crpes-isa.example>", "250 .*")


def test_it_takes_eight_bit_content_without_a_word(hello, bob):
    hello.ask("MAIL FROM:<alice@crepes.fr>", "250 .*")
    hello.ask("RCPT TO:<bob@hamburger.edu>", "250 .*")
    hello.ask("DATA", "354 .*")
    hello.push(b"Subject: caf\xe9\r\n\r\ncr\xc3\xaape\r\n.\r\n")
    hello.expect("250 .*")
    assert messages.raw(Message.objects.get(account=bob)).endswith(b"Subject: caf\xe9\r\n\r\ncr\xc3\xaape\r\n")
