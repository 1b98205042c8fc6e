from __future__ import annotations

import pytest

from mailserver.services import programs
from mailserver.services.domains import add_domain
from mailserver.store.models import Domain

PUBLIC = {"imap": 143, "imaps": 993, "pop3": 110, "pop3s": 995, "submission": 587, "submissions": 465}


@pytest.fixture
def public(configure):
    configure(public_host="mail.crepes.fr", public_ports=PUBLIC)
    return configure


def test_it_names_every_door_the_best_first(public):
    found = [(one.service, one.protocol, one.port, one.tls) for one in programs.servers()]
    assert found == [
        ("imaps", "imap", 993, True),
        ("imap", "imap", 143, False),
        ("pop3s", "pop3", 995, True),
        ("pop3", "pop3", 110, False),
        ("submissions", "smtp", 465, True),
        ("submission", "smtp", 587, False),
    ]
    assert {one.host for one in programs.servers()} == {"mail.crepes.fr"}


def test_it_offers_no_door_that_is_shut(public):
    public(public_ports={**PUBLIC, "imaps": 0, "pop3": 0, "pop3s": 0, "submissions": 0})
    assert [one.service for one in programs.servers()] == ["imap", "submission"]
    assert programs.best("pop3") is None
    assert programs.best("imap", "pop3").port == 143
    public(public_ports={**PUBLIC, "imaps": 0, "imap": 0})
    assert programs.best("imap", "pop3").service == "pop3s"


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("crepes.fr", "crepes.fr"),
        ("CREPES.FR", "crepes.fr"),
        ("Crêperie.example", "xn--crperie-kya.example"),
        ("elsewhere.example", ""),
        ("moved.example", ""),
        ("", ""),
        ("a b\x00", ""),
        ("x" * 5000, ""),
    ],
    ids=["ours", "capitals", "unicode", "unknown", "not hosted", "empty", "no name", "long"],
)
def test_it_knows_the_domains_whose_mailboxes_are_here(domains, name, found):
    add_domain("Crêperie.example")
    add_domain("moved.example", hosted=False)
    assert Domain.objects.count() == 4
    assert programs.hosted(name) == found
