"""Sessions, cookies, headers of every page, and what an error page may say."""

from __future__ import annotations

import re
import runpy
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as django_settings
from django.contrib.sessions.models import Session
from django.db import connections
from django.test import Client

from mailserver.services import accounts, administration, login
from mailserver.store.models import Account
from tests.support.mail import delivered
from tests.support.people import PASSWORD
from tests.webmail import site
from tests.webmail.reading import HTMX, signed_in
from webmail.dashboard import overview

SETTINGS = Path(django_settings.BASE_DIR) / "webmail" / "settings.py"
# What a page may load. Nothing inline, nothing from elsewhere; frames of ours are told apart by their own policy.
POLICY = {
    "default-src": {"'none'"},
    "script-src": {"'self'", "nonce"},
    "style-src": {"'self'"},
    "img-src": {"'self'", "data:"},
    "font-src": {"'self'"},
    "connect-src": {"'self'"},
    "form-action": {"'self'"},
    "frame-src": {"'self'"},
    "manifest-src": {"'self'"},
    "base-uri": {"'none'"},
    "frame-ancestors": {"'self'"},
}
# Answers with a policy of their own, stricter than that of a page.
OCTETS = {"message_download", "all_attachments", "attachment", "picture"}
FRAMES = {"message_frame"}


def policy(header: str) -> dict[str, set[str]]:
    parts = [part.split() for part in header.split(";")]
    return {name: {re.sub("'nonce-[^']+'", "nonce", source) for source in sources} for name, *sources in parts}


def test_it_sends_every_page_with_the_same_strict_headers(alice, bob):
    things, browser = site.of_alice(alice), signed_in(alice)
    names = site.names() - {"live", "remote_picture"} - site.DOING
    answers = {name: browser.get(site.url(name, things)) for name in names}
    answers |= {f"{name} without session": Client().get(site.url(name, things)) for name in names}
    answers |= {f"{name} for htmx": browser.get(site.url(name, things), headers=HTMX) for name in names}
    answers |= {"nowhere": Client().get("/nowhere"), "refused": Client(enforce_csrf_checks=True).post("/signin/")}
    answers["not by get"] = browser.get("/signout/")
    for name, answer in answers.items():
        headers, kind = answer.headers, name.split(" ")[0]
        assert headers["X-Content-Type-Options"] == "nosniff", name
        assert headers["X-Frame-Options"] == "SAMEORIGIN", name
        assert headers["Referrer-Policy"] in ("same-origin", "no-referrer"), name
        assert headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        found = policy(headers["Content-Security-Policy"])
        assert "'unsafe-eval'" not in headers["Content-Security-Policy"]
        if kind in OCTETS and answer.status_code == 200:
            assert found == {"default-src": {"'none'"}, "sandbox": set()}, name
        elif kind in FRAMES and answer.status_code == 200:
            assert found["default-src"] == {"'none'"}
            assert found["sandbox"] == {"allow-popups", "allow-popups-to-escape-sandbox"}
            assert "script-src" not in found
        else:
            script = found.pop("script-src")
            assert script <= POLICY["script-src"], name
            assert found == {key: value for key, value in POLICY.items() if key != "script-src"}, name


def test_it_gives_a_new_nonce_to_each_page_and_needs_no_inline_style(alice):
    browser, place = signed_in(alice), delivered(alice)
    seen = set()
    for path in ("/", f"/message/{place.message_id}/source/", "/compose/", "/account/"):
        answer = browser.get(path)
        nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])[1]
        assert f'nonce="{nonce}"' in answer.content.decode()
        assert not re.search(rb"<style|\sstyle=", answer.content)
        seen.add(nonce)
    assert len(seen) == 4


def test_it_frames_messages_without_scripts_and_without_our_origin(alice):
    place = delivered(alice, site.with_everything())
    browser = signed_in(alice)
    for path in (f"/mail/{place.mailbox_id}/{thread_of(place)}/", f"/message/{place.message_id}/card/"):
        (frame,) = re.findall(r"<iframe[^>]*>", browser.get(path).content.decode())
        assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
        assert 'referrerpolicy="no-referrer"' in frame
        assert f'src="/message/{place.message_id}/frame/"' in frame


def thread_of(place) -> int:
    from tests.webmail.reading import thread

    return thread(place)


def test_it_keeps_answers_out_of_shared_caches(alice, bob):
    things, browser = site.of_alice(alice), signed_in(alice)
    for name in site.names() - {"live", "healthz", "signin", "welcome", "remote_picture"} - site.DOING:
        assert "private" in browser.get(site.url(name, things)).headers["Cache-Control"], name
    assert "no-store" in Client().get("/signin/").headers["Cache-Control"]


@pytest.fixture
def https(monkeypatch, settings):
    """The settings as an installation behind a TLS proxy has them."""
    monkeypatch.setenv("CORREIO_HTTPS", "1")
    monkeypatch.setenv("CORREIO_ALLOWED_HOSTS", "mail.crepes.fr")
    real = runpy.run_path(str(SETTINGS))
    names = [name for name in real if name.startswith(("SESSION_", "CSRF_", "SECURE_", "ALLOWED_", "MESSAGE_"))]
    for name in names:
        setattr(settings, name, real[name])


def test_it_marks_its_cookies_behind_https(alice, https):
    browser = Client(headers={"X-Forwarded-Proto": "https", "Host": "mail.crepes.fr"})
    browser.get("/signin/")
    answer = browser.post("/signin/", {"address": alice.address, "password": PASSWORD, "stay": "on"})
    assert answer.headers["Location"] == "/"
    browser.post("/folders/new/", {"path": "House"})
    assert set(browser.cookies) == {"__Host-session", "__Host-csrf"}
    for cookie in browser.cookies.values():
        assert cookie["httponly"] is True
        assert cookie["secure"] is True
        assert cookie["samesite"] == "Lax"
        assert (cookie["path"], cookie["domain"]) == ("/", "")
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_it_takes_forms_over_https_from_its_own_pages_only(alice, https):
    browser = Client(enforce_csrf_checks=True, headers={"X-Forwarded-Proto": "https", "Host": "mail.crepes.fr"})
    token = browser.get("/signin/").context["csrf_token"]
    given = {"address": alice.address, "password": PASSWORD, "csrfmiddlewaretoken": token}
    for headers in ({}, {"Referer": "https://evil.example/"}, {"Origin": "https://evil.example"}):
        assert browser.post("/signin/", given, headers=headers).status_code == 403
    assert browser.post("/signin/", given, headers={"Origin": "https://mail.crepes.fr"}).status_code == 302


def test_it_has_no_cookie_a_script_could_read_without_https_either(alice):
    browser = Client()
    browser.get("/signin/")
    browser.post("/signin/", {"address": alice.address, "password": PASSWORD})
    browser.post("/folders/new/", {"path": "House"})
    assert set(browser.cookies) == {"session", "csrf"}
    assert all(cookie["httponly"] is True and cookie["samesite"] == "Lax" for cookie in browser.cookies.values())


def test_it_takes_no_session_somebody_else_made_up(alice):
    browser = Client()
    browser.cookies["session"] = "a" * 32
    browser.post("/signin/", {"address": alice.address, "password": PASSWORD})
    assert browser.cookies["session"].value != "a" * 32
    assert not Session.objects.filter(session_key="a" * 32).exists()


def test_it_forgets_the_session_when_somebody_signs_out(alice):
    browser = signed_in(alice)
    old = browser.cookies["session"].value
    browser.post("/signout/")
    stolen = Client()
    stolen.cookies["session"] = old
    assert stolen.get("/").status_code == 302
    assert not Session.objects.filter(session_key=old).exists()


def test_it_keeps_sessions_as_json(alice):
    assert django_settings.SESSION_SERIALIZER == "django.contrib.sessions.serializers.JSONSerializer"
    assert django_settings.CELERY_ACCEPT_CONTENT == ["json"]


def test_it_ends_the_access_of_an_account_at_once(alice, bob):
    things, browser = site.of_alice(alice), signed_in(alice)
    Account.objects.filter(pk=alice.pk).update(is_active=False)
    for name in sorted(site.names() - site.OPEN - {"live"}):
        answer = browser.get(site.url(name, things))
        assert answer.status_code in (302, 405), name
        assert not answer.content or answer.status_code == 405
    answer = Client().post("/signin/", {"address": alice.address, "password": PASSWORD})
    assert answer.status_code == 403
    with pytest.raises(Exception, match="gone"):
        login.redeem(token=login.issue_token(account_id=alice.pk))


def test_it_ends_the_dashboard_with_the_office(domains):
    boss = accounts.create_account(address="post@crepes.fr", name="Post", password=PASSWORD, admin=True)
    other = accounts.create_account(address="chief@crepes.fr", name="Chief", password=PASSWORD, admin=True)
    browser = signed_in(boss)
    assert browser.get("/admin/").status_code == 200
    administration.change_account(account_id=boss.pk, name="Post", quota=0, pop3=False, active=True, admin=False)
    assert browser.get("/admin/", follow=True).status_code == 403
    assert browser.get("/").status_code == 200
    inside = signed_in(other)
    accounts.set_password(account_id=other.pk, password="another long one")
    assert inside.get("/admin/", follow=True).request["PATH_INFO"] == "/signin/"


def test_it_opens_every_page_of_the_dashboard_to_administrators_alone(alice, domains):
    """Also those that Django brings along: history, look-ups, links to objects."""
    things = site.of_alice(alice)
    boss = accounts.create_account(address="post@crepes.fr", name="Post", password=PASSWORD, admin=True)
    names = site.dashboard() - {"admin:login", "admin:logout"}
    before = site.rows()
    for name in sorted(names):
        url = site.url(name, things)
        for answer in (signed_in(alice).get(url, follow=True), signed_in(alice).post(url, {"act": "x"}, follow=True)):
            assert answer.status_code == 403, name
        for answer in (Client().get(url, follow=True), Client().post(url, {"act": "x"}, follow=True)):
            assert answer.request["PATH_INFO"] == "/signin/", name
        closed = signed_in(boss, enforce_csrf_checks=True).post(url, {"act": "cancel", "post": "yes"})
        assert closed.status_code in (403, 405), name
        assert signed_in(boss).get(url).status_code in (200, 302, 403, 404, 405), name  # no 500 in forgotten corners
    assert site.rows() == before


@pytest.mark.django_db(transaction=True)
def test_it_makes_one_administrator_when_two_try_at_once():
    answers, gate = [], threading.Barrier(4)

    def begin(number: int) -> None:
        try:
            gate.wait(10)
            given = {"name": "X", "address": f"x{number}@d{number}.example", "password": PASSWORD}
            answers.append(Client().post("/welcome/", given).status_code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=begin, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert Account.objects.count() == 1
    assert sorted(answers)[0] == 302
    assert set(answers) <= {302, 403}


def test_it_shuts_the_first_run_page_for_good(alice):
    given = {"name": "Mallory", "address": "mallory@evil.example", "password": PASSWORD}
    assert Client().post("/welcome/", given).headers["Location"] == "/signin/"
    Account.objects.update(is_active=False)
    assert Client().post("/welcome/", given).headers["Location"] == "/signin/"
    assert Account.objects.count() == 1


def test_it_counts_guesses_at_the_door_of_the_dashboard_too(domains, settings):
    settings.CORREIO = replace(settings.CORREIO, redis_url="")
    boss = accounts.create_account(address="guessed@crepes.fr", name="Post", password=PASSWORD, admin=True)
    door = "/signin/?next=/admin/"
    given = {"address": boss.address, "password": "wrong"}
    codes = [Client().post(door, given, REMOTE_ADDR="198.51.100.77").status_code for _ in range(11)]
    assert codes == [403] * 10 + [429]
    assert Client().get("/admin/login/").headers["Location"].startswith("/signin/")


HERE = re.escape(str(Path(__file__).parents[2]))  # where this checkout lies
INSIDE_WORDS = re.compile(
    rf"Traceback|Django|psycopg|postgres|/site-packages/|{HERE}/|\.py\b|SELECT|Exception|secret-detail"
)


@pytest.mark.parametrize("path", ["/", "/admin/"])
def test_it_tells_nothing_of_its_inside_when_it_breaks(domains, monkeypatch, path):
    boss = accounts.create_account(address="post@crepes.fr", name="Post", password=PASSWORD, admin=True)

    def broken(*_, **__):
        raise RuntimeError("secret-detail <b>SELECT * FROM account</b>")

    monkeypatch.setattr(overview, "build", broken)
    monkeypatch.setattr("webmail.rendering.listing.of_mailbox", broken)
    answer = signed_in(boss, raise_request_exception=False).get(path)
    assert answer.status_code == 500
    assert not INSIDE_WORDS.search(answer.content.decode())
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]


def test_it_tells_nothing_of_its_inside_when_it_refuses(alice):
    browser = signed_in(alice, enforce_csrf_checks=True)
    answers = [
        *(Client().get(path) for path in ("/nowhere", "/static/nothing.css", "/message/x/", "/healthz/../admin")),
        browser.post("/act/", {"do": "read"}),
        signed_in(alice).post("/act/", {"do": "nonsense", "line": "1-1"}),
        signed_in(alice).get("/message/999999/source/"),
        signed_in(alice).generic("POST", "/compose/save/", b"--", content_type="multipart/form-data; boundary=b"),
        signed_in(alice).generic("POST", "/compose/save/", b"", content_type="multipart/form-data"),
        Client().generic("BREW", "/signin/"),
        Client().get("/", HTTP_HOST="evil.example"),
    ]
    for answer in answers:
        assert 400 <= answer.status_code < 500, answer.request
        assert not INSIDE_WORDS.search(answer.content.decode())
