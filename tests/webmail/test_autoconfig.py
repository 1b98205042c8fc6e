"""Thunderbird's question: `?emailaddress=` at two addresses."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest
from django.test import Client

from mailserver.services.domains import add_domain
from tests.services.test_programs import PUBLIC

PATHS = ["/mail/config-v1.1.xml", "/.well-known/autoconfig/mail/config-v1.1.xml"]


@pytest.fixture
def public(settings):
    settings.CORREIO = replace(settings.CORREIO, public_host="mail.crepes.fr", public_ports=PUBLIC)


@pytest.mark.parametrize("path", PATHS)
def test_it_names_the_servers_of_a_domain(domains, public, path):
    answer = Client().get(path, {"emailaddress": "alice@crepes.fr"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/xml; charset=utf-8")
    root = ElementTree.fromstring(answer.content)
    assert (root.tag, root.get("version")) == ("clientConfig", "1.1")
    provider = root.find("emailProvider")
    assert (provider.get("id"), provider.findtext("domain")) == ("crepes.fr", "crepes.fr")
    servers = [one for one in provider if one.tag.endswith("Server")]
    fields = ("hostname", "port", "socketType", "authentication", "username")
    found = [(one.tag, one.get("type"), *(one.findtext(field) for field in fields)) for one in servers]
    same = ("password-cleartext", "%EMAILADDRESS%")
    assert found == [
        ("incomingServer", "imap", "mail.crepes.fr", "993", "SSL", *same),
        ("incomingServer", "imap", "mail.crepes.fr", "143", "STARTTLS", *same),
        ("incomingServer", "pop3", "mail.crepes.fr", "995", "SSL", *same),
        ("incomingServer", "pop3", "mail.crepes.fr", "110", "STARTTLS", *same),
        ("outgoingServer", "smtp", "mail.crepes.fr", "465", "SSL", *same),
        ("outgoingServer", "smtp", "mail.crepes.fr", "587", "STARTTLS", *same),
    ]


def test_it_says_the_same_of_everybody_and_of_nobody(alice):
    answers = {
        Client().get(PATHS[0], {"emailaddress": address}).content
        for address in ("alice@crepes.fr", "ALICE@CREPES.FR", "nobody@crepes.fr", "<x>&@crepes.fr", "crepes.fr")
    }
    assert len(answers) == 1
    assert b"alice" not in answers.pop()


@pytest.mark.parametrize(
    "address",
    ["a@elsewhere.example", "a@moved.example", "a@", "", "@", "a@x" * 999, "a@\x00", "a@crepes.fr<x>"],
    ids=["unknown", "not hosted", "no domain", "empty", "at", "long", "nul", "markup"],
)
@pytest.mark.parametrize("path", PATHS)
def test_it_knows_nothing_of_other_domains(domains, path, address):
    add_domain("moved.example", hosted=False)
    answer = Client().get(path, {"emailaddress": address})
    assert answer.status_code == 404
    assert Client().get(path).status_code == 404


def test_it_is_asked_by_get_only(domains):
    assert Client().post(PATHS[0], {"emailaddress": "alice@crepes.fr"}).status_code == 405
    assert Client().head(PATHS[0], {"emailaddress": "alice@crepes.fr"}).status_code == 200
