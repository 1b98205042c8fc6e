"""Ways of mail set in the dashboard."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailserver.conf import Route
from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.practice.certificates import server_context
from mailserver.practice.scripted import ScriptedServer
from mailserver.services import delivery, relays, secrets
from mailserver.store.models import Domain, Relay
from tests.support.queueing import only, queued

WAY = {"domain": "Bücher.example", "host": "Smart.Host.example.", "port": 587, "protection": "verify"}


def test_a_way_of_the_dashboard_comes_before_one_of_the_environment(db, configure):
    configure(routes={"*": Route("old.example", 25), "mill.pt": Route("mill.example", 25)})
    relays.save(domain="*", host="new.example", port=587, protection="encrypt", username="us", password="secret")
    table = relays.table()
    assert table["mill.pt"] == Route("mill.example", 25)
    assert (table["*"].host, table["*"].port) == ("new.example", 587)
    assert (table["*"].username, table["*"].password, table["*"].protection) == ("us", "secret", "encrypt")
    assert "secret" not in repr(table)


def test_names_are_kept_as_the_dns_has_them_and_the_password_encrypted(db):
    row = relays.save(**WAY, username="us", password="sécret")
    assert (row.domain, row.host) == ("xn--bcher-kva.example", "smart.host.example")
    assert "sécret" not in row.secret
    assert relays.table()["xn--bcher-kva.example"].password == "sécret"
    row = relays.save(relay_id=row.pk, **{**WAY, "port": 25}, username="us")
    assert (row.port, secrets.decrypt(row.secret)) == (25, "sécret")
    assert relays.save(relay_id=row.pk, **WAY).secret == ""
    relays.remove(relay_id=row.pk)
    assert not Relay.objects.exists()


@pytest.mark.parametrize("changes", [{"domain": "a b"}, {"domain": ""}, {"host": "a/b"}, {"host": ""}])
def test_it_refuses_what_is_no_name(db, changes):
    with pytest.raises(InvalidName):
        relays.save(**{**WAY, **changes})


def test_a_domain_has_one_way(db):
    relays.save(**WAY)
    with pytest.raises(AlreadyExists):
        relays.save(**WAY)
    for act in (lambda: relays.save(relay_id=0, **WAY), lambda: relays.remove(relay_id=0)):
        with pytest.raises(NotFound):
            act()


def test_a_new_key_encrypts_its_password_too(db, settings):
    row = relays.save(**WAY, username="us", password="secret")
    relays.save(**{**WAY, "domain": "*"})
    old, new = settings.CORREIO.encryption_keys[0], "A" * 43 + "="
    settings.CORREIO = replace(settings.CORREIO, encryption_keys=(new, old))
    assert secrets.rotate() == (1, 0)
    settings.CORREIO = replace(settings.CORREIO, encryption_keys=(new,))
    row.refresh_from_db()
    assert secrets.decrypt(row.secret) == "secret"
    settings.CORREIO = replace(settings.CORREIO, encryption_keys=(old,))
    assert relays.table()[row.domain].password == ""


@pytest.mark.django_db(transaction=True)
def test_mail_goes_to_the_smart_host_with_our_name(configure, domains, alice):
    Domain.objects.filter(name="hamburger.edu").delete()
    options = {"extensions": ("STARTTLS", "AUTH PLAIN"), "replies": {"AUTH": ["235 2.7.0 OK", "535 5.7.8 No"]}}
    with ScriptedServer(**options, context=server_context()) as server:
        relays.save(domain="*", host="127.0.0.1", port=server.port, protection="may", username="us", password="hush")
        entry = queued(alice, "bob@hamburger.edu")
        delivery.deliver_domain("hamburger.edu")
        attempt = entry.attempts.get()
        assert (only(entry).state, attempt.source, attempt.tls_policy) == ("delivered", "route", "route")
        assert "AUTH PLAIN (hidden)" in [text for _, _, text in attempt.transcript]

        entry = queued(alice, "bob@hamburger.edu")
        delivery.deliver_domain("hamburger.edu")
        assert (only(entry).state, only(entry).reply_enhanced) == ("deferred", "4.7.0")
