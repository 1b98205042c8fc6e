"""Domains, accounts and addresses."""

from __future__ import annotations

import pytest

from mailserver.services import mailboxes
from mailserver.services.accounts import add_alias
from mailserver.store.models import Account, Address, Domain
from tests.support.people import PASSWORD
from tests.webmail.reading import only, page, texts
from tests.webmail.writing import signed_in

NEW = {"address": "ines@crepes.fr", "name": "Inês", "password": "salted butter caramel"}


def errors(answer) -> str:
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_adds_a_domain(office):
    assert office.post("/admin/store/domain/add/", {"name": "Crêperie.example", "transport": "smtp"}).status_code == 302
    domain = Domain.objects.get(name="xn--crperie-kya.example")
    assert (domain.unicode_name, domain.transport, domain.hosted) == ("crêperie.example", "smtp", True)


@pytest.mark.parametrize(("name", "words"), [("crepes.fr", "is here already"), ("no domain", "is not a domain name")])
def test_it_says_at_the_field_why_a_domain_cannot_be(office, name, words):
    assert words in errors(office.post("/admin/store/domain/add/", {"name": name, "transport": "local"}))


def test_it_changes_a_domain(office, domains, alice):
    domain = domains["crepes.fr"]
    url = f"/admin/store/domain/{domain.pk}/change/"
    office.post(url, {"hosted": "on", "transport": "smtp", "catch_all": "ALICE@crepes.fr"})
    domain.refresh_from_db()
    assert (domain.transport, domain.catch_all_id, domain.enabled) == ("smtp", alice.pk, False)
    office.post(url, {"hosted": "on", "enabled": "on", "transport": "smtp", "catch_all": "ALICE@crepes.fr"})
    domain.refresh_from_db()
    assert domain.enabled
    assert 'value="alice@crepes.fr"' in office.get(url).content.decode()
    tls = {"mta_sts": "testing", "tls_reports_to": " tls@Crepes.FR"}
    office.post(url, {"hosted": "on", "enabled": "on", "transport": "smtp", **tls})
    domain.refresh_from_db()
    assert (domain.mta_sts, domain.tls_reports_to) == ("testing", "tls@crepes.fr")
    assert "An address has the form" in errors(office.post(url, {"transport": "smtp", "tls_reports_to": "nowhere"}))
    page = errors(office.post(url, {"hosted": "on", "transport": "smtp", "catch_all": "nobody@crepes.fr"}))
    assert "no account with this address" in page


def test_it_deletes_only_empty_domains(office, domains, alice):
    full, empty = (f"/admin/store/domain/{domains[name].pk}/delete/" for name in ("crepes.fr", "hamburger.edu"))
    assert office.post(full, {"post": "yes"}).status_code == 403
    assert "Delete hamburger.edu?" in office.get(empty).content.decode()
    assert office.post(empty, {"post": "yes"}).status_code == 302
    assert not Domain.objects.filter(name="hamburger.edu").exists()


def test_it_adds_an_account_that_can_be_used_at_once(office):
    assert office.post("/admin/store/account/add/", NEW).status_code == 302
    account = Account.objects.get(address="ines@crepes.fr")
    assert account.check_password(NEW["password"])
    assert not account.is_staff
    assert len(mailboxes.list_for(account.pk)) == 6
    assert account.addresses.get().kind == Address.Kind.PRIMARY
    assert NEW["password"] not in office.get("/admin/store/account/").content.decode()


def test_a_list_says_on_a_phone_too_what_its_figures_are(office, alice):
    cells = {
        cell.attributes["data-label"]: cell.text()
        for cell in page(office.get("/admin/store/account/?q=alice")).css("#result_list td")
    }
    assert cells["Display name"] == "Alice"
    assert (cells["Open"], cells["POP3"], cells["Administrator"]) == ("Yes", "No", "No")
    assert set(cells) == {"Display name", "Storage", "Open", "POP3", "Administrator", "Last signed in"}


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"address": "post@crepes.fr"}, "is taken"),
        ({"address": "ines@elsewhere.example"}, "is not hosted here"),
        ({"address": "ines"}, "has the form name@example.org"),
        ({"address": "i+x@crepes.fr"}, "cannot hold a +"),
        ({"password": "short"}, "too short"),
    ],
)
def test_it_says_at_the_field_why_an_account_cannot_be(office, changes, words):
    assert words in errors(office.post("/admin/store/account/add/", {**NEW, **changes}))
    assert not Account.objects.filter(name="Inês").exists()


def test_it_changes_an_account_and_ends_its_sessions_with_a_new_password(office, alice):
    browser = signed_in(alice)
    assert browser.get("/compose/").status_code == 200
    url = f"/admin/store/account/{alice.pk}/change/"
    fields = {"name": "Alice C.", "quota": "2.5", "is_active": "on", "new_password": ""}
    office.post(url, fields)
    alice.refresh_from_db()
    assert (alice.name, alice.quota, alice.is_staff) == ("Alice C.", int(2.5 * 1024**3), False)
    assert alice.check_password(PASSWORD)
    assert not alice.pop3
    assert 'value="2.5"' in office.get(url).content.decode()
    office.post(url, {**fields, "new_password": "salted butter caramel"})
    alice.refresh_from_db()
    assert alice.check_password("salted butter caramel")
    assert browser.get("/compose/").status_code == 302


def test_it_shows_and_changes_who_reads_by_pop3(office, alice):
    url = f"/admin/store/account/{alice.pk}/change/"
    office.post(url, {"name": "Alice", "quota": "1", "is_active": "on", "pop3": "on", "new_password": ""})
    alice.refresh_from_db()
    assert alice.pop3
    assert "checked" in only(page(office.get(url)), "[name=pop3]").attributes
    assert texts(page(office.get("/admin/store/account/?q=alice")), ".field-reads_by_pop3") == ["Yes"]


def test_it_closes_an_account_without_deleting_it(office, alice):
    office.post(f"/admin/store/account/{alice.pk}/change/", {"name": "Alice", "quota": "0", "new_password": ""})
    alice.refresh_from_db()
    assert not alice.is_active
    assert office.post(f"/admin/store/account/{alice.pk}/delete/", {"post": "yes"}).status_code == 403


def test_it_keeps_one_administrator(office, administrator):
    url = f"/admin/store/account/{administrator.pk}/change/"
    answer = office.post(url, {"name": "", "quota": "1", "is_active": "on", "new_password": ""})
    assert answer.status_code == 403
    administrator.refresh_from_db()
    assert administrator.is_staff


def test_it_gives_aliases(office, alice, bob):
    office.post("/admin/store/address/add/", {"address": "hello@crepes.fr", "account": "alice@crepes.fr"})
    alias = Address.objects.get(local_part="hello")
    assert (alias.account_id, alias.kind) == (alice.pk, Address.Kind.ALIAS)
    office.post(f"/admin/store/address/{alias.pk}/change/", {"account": "bob@hamburger.edu"})
    alias.refresh_from_db()
    assert (alias.account_id, alias.enabled) == (bob.pk, False)
    assert office.post(f"/admin/store/address/{alias.pk}/delete/", {"post": "yes"}).status_code == 302
    assert not Address.objects.filter(local_part="hello").exists()


def test_it_leaves_primary_addresses_alone(office, alice):
    primary = alice.addresses.get()
    assert office.post(f"/admin/store/address/{primary.pk}/change/", {"account": "post@crepes.fr"}).status_code == 403
    assert office.post(f"/admin/store/address/{primary.pk}/delete/", {"post": "yes"}).status_code == 403


@pytest.mark.parametrize("text", ["hello", "hello@crepes", "alice"])
def test_it_finds_addresses(office, alice, bob, text):
    add_alias(account_id=alice.pk, address="hello@crepes.fr")
    page = office.get("/admin/store/address/", {"q": text}).content.decode()
    assert "hello@crepes.fr" in page
    assert "bob@hamburger.edu" not in page
