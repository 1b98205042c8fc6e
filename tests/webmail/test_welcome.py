"""The first run of an empty installation."""

from __future__ import annotations

from django.contrib.auth import SESSION_KEY
from django.test import Client

from mailserver.store.models import Account, Domain
from tests.support.people import PASSWORD

FORM = {"name": "Alice", "address": "alice@crêpes.fr", "password": PASSWORD}


def test_it_makes_the_first_domain_and_administrator(db):
    browser = Client()
    assert browser.post("/welcome/", FORM).url == "/"
    account = Account.objects.get()
    assert (account.address, account.name, account.is_staff) == ("alice@xn--crpes-isa.fr", "Alice", True)
    assert Domain.objects.get().name == "xn--crpes-isa.fr"
    assert browser.session[SESSION_KEY] == str(account.pk)
    assert browser.get("/").status_code == 200


def test_it_is_shut_once_there_is_an_account(alice):
    browser = Client()
    assert browser.get("/welcome/").url == "/signin/"
    assert browser.post("/welcome/", {**FORM, "address": "mallory@evil.example"}).url == "/signin/"
    assert Account.objects.count() == 1


def test_it_asks_again_for_what_is_wrong(db):
    response = Client().post("/welcome/", {"name": "Alice", "address": "alice", "password": "short"})
    assert response.status_code == 400
    assert response.content.decode().count('aria-invalid="true"') == 2
    assert not Account.objects.exists()
