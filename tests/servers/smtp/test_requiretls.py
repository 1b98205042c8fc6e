"""REQUIRETLS (RFC 8689): offered and taken under TLS only, kept with the message, passed on with it."""

from __future__ import annotations

import pytest

from mailserver.services import delivery
from mailserver.services.forwards import add_forward
from mailserver.store.models import Domain, QueueEntry
from tests.support.dialogue import Dialogue, base64
from tests.support.people import PASSWORD


@pytest.fixture
def client(ports, connect, alice) -> Dialogue:
    client = connect(ports.submissions, encrypted=True)
    client.ask("EHLO crepes.fr", "250-.*")
    client.ask(f"AUTH PLAIN {base64(f'{chr(0)}alice@crepes.fr{chr(0)}{PASSWORD}')}", "235 .*")
    return client


def mailed(client: Dialogue, sender: str, recipient: str, parameter: str = " REQUIRETLS") -> None:
    client.ask(f"MAIL FROM:<{sender}>{parameter}", "250 .*")
    client.ask(f"RCPT TO:<{recipient}>", "250 .*")
    client.ask("DATA", "354 .*")
    client.send(f"From: {sender}", "", "Hi", ".")
    client.expect("250 .*")


@pytest.mark.parametrize("parameter", ["", " REQUIRETLS"])
def test_a_submission_keeps_it(client, parameter):
    mailed(client, "alice@crepes.fr", "dora@outside.example", parameter)
    assert QueueEntry.objects.get().require_tls is bool(parameter)


def test_it_is_a_word_without_value_and_for_tls_only(client, hello):
    client.ask("MAIL FROM:<alice@crepes.fr> REQUIRETLS=YES", r"501 5\.5\.4 .*")
    hello.ask("MAIL FROM:<alice@crepes.fr> REQUIRETLS", r"555 5\.5\.4 .*")


def test_a_forward_passes_it_on(ports, connect, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example")
    client = connect(ports.mx)
    client.ask("EHLO mill.pt", "250-.*")
    client.ask("STARTTLS", "220 .*")
    client.encrypt()
    client.ask("EHLO mill.pt", "(?s)250-.*REQUIRETLS.*")
    mailed(client, "ana@mill.pt", "bob@hamburger.edu")
    assert QueueEntry.objects.get().require_tls


def test_a_forward_of_our_own_peoples_mail_too(client, bob):
    add_forward(address="bob@hamburger.edu", to="bob@away.example")
    mailed(client, "alice@crepes.fr", "bob@hamburger.edu")
    assert Domain.objects.get(name="hamburger.edu").hosted
    delivery.deliver_domain("hamburger.edu")
    assert list(QueueEntry.objects.values_list("require_tls", flat=True)) == [True, True]
