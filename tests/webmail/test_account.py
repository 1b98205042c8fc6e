from __future__ import annotations

import pytest

from mailserver.store.models import Account
from tests.webmail.reading import only, page, signed_in, texts

FORM = {"name": " Alice Lefebvre ", "theme": "dark", "density": "compact", "time_zone": "Europe/Paris"}


def test_it_changes_name_looks_and_time_zone(alice):
    tree = page(signed_in(alice).post("/account/", FORM, follow=True))
    assert texts(tree, "main h1") == ["Alice Lefebvre"]
    attributes = only(tree, "html").attributes
    assert (attributes["data-theme"], attributes["data-density"]) == ("dark", "compact")
    assert Account.objects.get(pk=alice.pk).time_zone == "Europe/Paris"


def test_it_switches_pop3_on_and_off(alice):
    browser = signed_in(alice)
    assert "checked" not in only(page(browser.get("/account/")), "[name=pop3]").attributes
    browser.post("/account/", {**FORM, "pop3": "on"})
    assert Account.objects.get(pk=alice.pk).pop3
    assert "checked" in only(page(browser.get("/account/")), "[name=pop3]").attributes
    browser.post("/account/", FORM)
    assert not Account.objects.get(pk=alice.pk).pop3


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Europe/Atlantis"), ("time_zone", "../etc"), ("theme", "pink"), ("density", "")]
)
def test_it_takes_only_what_exists(alice, field, value):
    response = signed_in(alice).post("/account/", {**FORM, field: value})
    assert response.status_code == 400
    assert Account.objects.get(pk=alice.pk).theme == "system"


def test_it_cannot_be_used_to_become_an_administrator(alice):
    signed_in(alice).post("/account/", {**FORM, "is_staff": "on", "quota": "0", "address": "root@crepes.fr"})
    account = Account.objects.get(pk=alice.pk)
    assert (account.is_staff, account.address, account.quota) == (False, "alice@crepes.fr", alice.quota)


def test_it_shows_administrators_the_way_to_the_dashboard(alice):
    assert not page(signed_in(alice).get("/account/")).css("a[href='/admin/']")
    Account.objects.filter(pk=alice.pk).update(is_staff=True)
    assert page(signed_in(alice).get("/account/")).css("a[href='/admin/']")
