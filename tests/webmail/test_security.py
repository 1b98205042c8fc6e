"""Every view of the URL table: who gets in, what is refused, and what the answers tell a browser."""

from __future__ import annotations

import pytest
from django.test import Client

from mailserver.store.models import Account
from tests.support.people import PASSWORD
from tests.webmail import site
from tests.webmail.reading import HTMX, signed_in
from tests.webmail.site import DOING, FORMS, HEALTH, LOOKING, OPEN, QUESTIONS, Things
from tests.webmail.writing import fields

POSTED = sorted(DOING | FORMS)


@pytest.fixture
def things(alice, bob) -> Things:
    return site.of_alice(alice)


def test_it_knows_what_every_address_is_for():
    kinds = (LOOKING, DOING, FORMS, HEALTH, QUESTIONS)
    assert site.names() == frozenset().union(*kinds)
    assert sum(map(len, kinds)) == len(site.names())


def test_it_sends_everybody_else_to_the_door(things):
    before = site.rows()
    for name in sorted(site.names() - OPEN - {"live"}):  # test_live.py asks for that one
        url = site.url(name, things)
        for answer in (Client().get(url), Client().post(url, {"do": "erase"}), Client().get(url, headers=HTMX)):
            where = answer.headers.get("Location") or answer.headers.get("HX-Redirect") or ""
            sent_away = where.startswith("/signin/") and not answer.content
            assert sent_away or answer.status_code == 405, name
    assert site.rows() == before


def test_it_knows_nothing_of_what_belongs_to_others(things, charlie):
    """404, not 403: that an id exists is nobody's business."""
    before = site.rows()
    stranger = signed_in(charlie)
    for name in sorted(site.with_ids()):
        url = site.url(name, things)
        if name in LOOKING:
            codes = {stranger.get(url, headers=headers).status_code for headers in ({}, HTMX)}
        else:
            codes = {stranger.post(url, body).status_code for known, body in site.forms(things) if known == name}
        assert codes == {404}, name
    assert site.rows() == before


def test_it_takes_no_ids_of_others_from_forms_and_queries(things, alice, charlie):
    before = rows_of(alice)
    stranger = signed_in(charlie)
    for name, body in site.forms(things):
        if name in ("account", "password", "new_folder", "external", "signout"):
            continue
        answer = stranger.post(site.url(name, things), {**body, "sender": charlie.address})
        assert answer.status_code in (404, 422), (name, body, answer.status_code)
        assert b"Look" not in answer.content
    own = site.of_alice(charlie)
    ids = {**own.ids, "thread_id": things.ids["thread_id"]}
    assert stranger.get(f"/mail/{ids['mailbox_id']}/{ids['thread_id']}/").status_code == 404
    moved = stranger.post("/act/", {"do": f"move {things.folder_id}", "line": own.line})
    assert moved.status_code == 404
    assert stranger.get("/changed/", {"mailbox": things.ids["mailbox_id"], "since": "0"}).status_code == 404
    assert rows_of(alice) == before


@pytest.mark.parametrize("kind", ["kept", "source", "draft"])
def test_it_puts_nothing_of_others_into_a_draft(things, charlie, kind):
    given = {
        "kept": {"kept": f"{things.ids['message_id']}:2"},
        "source": {"source": f"forward {things.ids['message_id']}", "quoted": "1"},
        "draft": {"draft": str(things.draft_id)},
    }[kind]
    stranger = signed_in(charlie)
    saved = stranger.post("/compose/save/", fields(sender=charlie.address, **given), follow=True)
    assert b"Look" not in saved.content
    assert b"a.png" not in saved.content
    assert b"Not sent" not in saved.content


def rows_of(account: Account) -> list[tuple[str, ...]]:
    """What is Alice's, without counters of others."""
    kept = []
    for name, found in site.rows().items():
        kept += [(name, row) for row in found if f"'account_id': {account.pk}," in row]
    return kept


def test_it_changes_nothing_by_get(things, alice):
    browser = signed_in(alice)
    asked = {"do": "erase", "line": things.line, "sure": "1"}
    codes = {name: browser.get(site.url(name, things), asked).status_code for name in DOING}
    assert codes == dict.fromkeys(DOING, 405)


@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_it_only_shows_what_is_to_be_shown(things, alice, method):
    shown = LOOKING - {"live"}
    ask = getattr(signed_in(alice), method)
    assert {name: ask(site.url(name, things)).status_code for name in shown} == dict.fromkeys(shown, 405)


def test_it_leaves_everything_as_it_was_whatever_is_looked_at(things, alice):
    """The same with the fields of every form in the address."""
    before = site.rows()
    browser = signed_in(alice)
    for name in sorted(site.names() - {"live"}):
        browser.get(site.url(name, things))
    for name, body in site.forms(things):
        browser.get(site.url(name, things), body)
    assert site.rows() == before


def test_it_refuses_forms_without_our_mark(things, alice):
    before = site.rows()
    forms = [*site.forms(things), ("signin", {"address": "a", "password": "b"}), ("welcome", {"name": "Mallory"})]
    assert {name for name, _ in forms} == set(POSTED)
    browser = signed_in(alice, enforce_csrf_checks=True)
    assert {browser.post(site.url(name, things), body).status_code for name, body in forms} == {403}
    assert browser.get("/account/").cookies  # now the browser has the mark, but the forms do not
    assert {browser.post(site.url(name, things), body).status_code for name, body in forms} == {403}
    assert browser.get("/").status_code == 200
    assert site.rows() == before


def test_it_refuses_our_mark_from_elsewhere(alice):
    browser = signed_in(alice, enforce_csrf_checks=True)
    token = browser.get("/account/").context["csrf_token"]
    body = {"path": "Mallory", "csrfmiddlewaretoken": token}
    for headers in ({"Origin": "https://evil.example"}, {"Origin": "null"}):
        assert browser.post("/folders/new/", body, headers=headers).status_code == 403
    stolen = signed_in(alice, enforce_csrf_checks=True)
    assert stolen.post("/folders/new/", body).status_code == 403
    assert browser.post("/folders/new/", body).status_code == 302


@pytest.mark.parametrize("name", ["signin", "welcome"])
def test_it_refuses_to_sign_in_somebody_who_did_not_ask(alice, name):
    """Login CSRF: a form elsewhere that signs the reader into the attacker's account."""
    browser = Client(enforce_csrf_checks=True)
    answer = browser.post(f"/{name}/", {"address": alice.address, "password": PASSWORD})
    assert answer.status_code == 403
    assert "sessionid" not in browser.cookies
    assert "session" not in browser.cookies
