"""In and out of the page."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth import SESSION_KEY
from django.test import Client
from selectolax.lexbor import LexborHTMLParser

from mailserver.conf import Limit
from mailserver.services import throttle
from mailserver.store.models import Account
from tests.support.people import PASSWORD
from tests.webmail.reading import page, texts

FORM = {"address": "alice@crepes.fr", "password": PASSWORD, "stay": "on"}


@pytest.fixture(autouse=True)
def fresh_counters(monkeypatch):
    monkeypatch.setattr(throttle, "_own", throttle.ProcessCounters())
    monkeypatch.setattr(throttle, "_redis_away_until", float("inf"))


def test_it_lets_somebody_in_with_address_and_password(alice):
    browser = Client()
    response = browser.post("/signin/", FORM)
    assert (response.status_code, response.url) == (302, "/")
    assert browser.session[SESSION_KEY] == str(alice.pk)


def test_it_does_not_mind_capitals_and_blanks_in_the_address(alice):
    response = Client().post("/signin/", {**FORM, "address": " ALICE@Crepes.fr "})
    assert response.status_code == 302


def test_it_says_the_same_for_an_unknown_address_and_a_wrong_password(alice):
    wrong = Client().post("/signin/", {**FORM, "password": "guess"})
    unknown = Client().post("/signin/", {**FORM, "address": "nobody@crepes.fr"})
    assert wrong.status_code == unknown.status_code == 403
    said = [texts(LexborHTMLParser(response.content.decode()), "[role=alert]") for response in (wrong, unknown)]
    assert said == [["This address and password do not belong together."]] * 2


def test_it_never_shows_the_password_again(alice):
    response = Client().post("/signin/", {**FORM, "password": "guess-this"})
    assert b"guess-this" not in response.content


def test_it_answers_429_after_too_many_guesses(alice, settings):
    limit = Limit(3, settings.CORREIO.login_limits.period)
    settings.CORREIO = type(settings.CORREIO)(
        **{name: getattr(settings.CORREIO, name) for name in settings.CORREIO.__slots__ if name != "login_limits"},
        login_limits=limit,
    )
    browser = Client()
    codes = [browser.post("/signin/", {**FORM, "password": "guess"}).status_code for _ in range(4)]
    assert codes == [403, 403, 403, 429]
    assert browser.post("/signin/", FORM).status_code == 429


def test_it_refuses_an_account_that_is_switched_off(alice):
    Account.objects.filter(pk=alice.pk).update(is_active=False)
    assert Client().post("/signin/", FORM).status_code == 403


def test_it_renews_the_session(alice):
    browser = Client()
    browser.cookies[settings.SESSION_COOKIE_NAME] = "chosenbysomebodyelse"
    browser.post("/signin/", FORM)
    assert browser.cookies[settings.SESSION_COOKIE_NAME].value != "chosenbysomebodyelse"


@pytest.mark.parametrize(("stay", "ends"), [("on", False), ("", True)])
def test_it_forgets_at_the_end_of_the_browser_unless_asked_to_stay(alice, stay, ends):
    browser = Client()
    browser.post("/signin/", {**FORM, "stay": stay})
    assert browser.session.get_expire_at_browser_close() is ends


@pytest.mark.parametrize(
    ("wanted", "target"),
    [
        ("/starred/", "/starred/"),
        ("https://evil.example/", "/"),
        ("//evil.example/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_it_goes_on_to_paths_of_its_own_only(alice, wanted, target):
    assert Client().post("/signin/", {**FORM, "next": wanted}).url == target
    browser = Client()
    browser.force_login(alice)
    assert browser.get("/signin/", {"next": wanted}).url == target


def test_it_sends_strangers_to_the_door_and_back(alice):
    response = Client().get("/starred/")
    assert response.url == "/signin/?next=/starred/"
    assert 'value="/starred/"' in Client().get(response.url).content.decode()


def test_it_makes_htmx_leave_for_the_door(alice):
    response = Client().get("/starred/", headers={"HX-Request": "true"})
    assert (response.status_code, response.headers["HX-Redirect"]) == (204, "/signin/")


def test_it_signs_out_by_post_only(alice):
    browser = Client()
    browser.force_login(alice)
    assert browser.get("/signout/").status_code == 405
    assert browser.post("/signout/").url == "/signin/"
    assert SESSION_KEY not in browser.session


@pytest.mark.parametrize("path", ["/signin/", "/signout/", "/act/", "/account/", "/folders/new/", "/undo/1/"])
def test_it_changes_nothing_for_forms_of_other_sites(alice, path):
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(alice)
    response = browser.post(path, FORM)
    assert response.status_code == 403
    assert "nothing was changed" in response.content.decode()


def test_it_leads_to_the_first_run_page_while_nobody_has_an_account(db):
    assert Client().get("/signin/").url == "/welcome/"


def test_it_shows_the_door_without_scripts(alice):
    tree = page(Client().get("/signin/"))
    assert texts(tree, "h1") == ["Good to see you"]
    assert not tree.css("script")
