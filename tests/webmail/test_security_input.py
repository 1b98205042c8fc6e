"""What a browser never sends: foreign hosts, paths of other sites, ids that are none. Refused in words, never a 500."""

from __future__ import annotations

import pytest
from django.test import Client

from mailserver.errors import InvalidName, NotPermitted
from mailserver.services import accounts, administration, submission
from mailserver.store.models import Account, QueueEntry
from tests.support.mail import message
from tests.support.people import PASSWORD
from tests.webmail import site
from tests.webmail.reading import page, signed_in, texts
from tests.webmail.site import Things
from tests.webmail.writing import drafts_of, fields

FOREIGN_HOSTS = ["evil.example", "a b", "[::1", "localhost\x00", "testserver@evil.example", "localhost/evil", "x" * 300]
# what `next` may not lead to; Django's own check takes the last four for paths of this site
ELSEWHERE = [
    *("https://evil.example/", "//evil.example", "/\\evil.example", "\\\\evil.example", "http:///evil.example"),
    *("javascript:alert(1)", "data:text/html,x", "\x00", "\t//evil.example", " //evil.example", "/\t/evil.example"),
    *("xx", "?a", ".", "a/../../b"),
]
IDS = ["²", "9" * 25, "9" * 5000, "-1", "1 OR 1=1", "\x00", "１", "1e3", "0x1"]


@pytest.fixture
def things(alice, bob) -> Things:
    return site.of_alice(alice)


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_it_answers_to_its_own_names_only(alice, host):
    for path in ("/", "/signin/", "/healthz", "/nowhere"):
        answer = Client(raise_request_exception=False).get(path, HTTP_HOST=host)
        assert answer.status_code == 400
        assert host not in answer.content.decode()
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_it_does_not_believe_what_else_names_a_host(alice):
    browser = signed_in(alice)
    headers = {"X-Forwarded-Host": "evil.example", "X-Original-URL": "/admin/", "X-HTTP-Method-Override": "DELETE"}
    answer = browser.get("/account/", headers=headers)
    assert answer.status_code == 200
    assert b"evil.example" not in answer.content


@pytest.mark.parametrize("url", ELSEWHERE)
def test_it_goes_on_to_paths_of_this_site_only(alice, bob, url):
    given = {"address": alice.address, "password": PASSWORD, "next": url}
    assert Client().post("/signin/", given).headers["Location"] == "/"
    assert Client().post(f"/signin/?next={url[:50]}", given).headers["Location"] == "/"
    browser = signed_in(alice)
    assert browser.get("/signin/", {"next": url}).headers["Location"] == "/"
    assert browser.post("/act/", {"do": "read", "next": url}).headers["Location"] == "/"
    place = site.of_alice(alice)
    asked = page(browser.post("/act/", {"do": "erase", "line": place.line, "next": url}))
    assert asked.css_first("form a.btn").attributes["href"] == "/"


def test_it_leads_administrators_back_to_the_dashboard_only(domains):
    boss = accounts.create_account(address="post@crepes.fr", name="Post", password=PASSWORD, admin=True)
    browser = signed_in(boss)
    for url in ELSEWHERE:
        answer = browser.post("/admin/queue/act/", {"act": "retry", "recipient": "1", "next": url})
        assert answer.headers["Location"] == "/admin/queue/"


def test_it_writes_no_header_of_its_own_from_a_path(alice):
    answer = signed_in(alice).post("/act/", {"do": "read", "next": "/a\r\nSet-Cookie: x=y"})
    assert answer.headers["Location"] == "/a%0D%0ASet-Cookie:%20x=y"
    assert "x" not in answer.cookies


@pytest.mark.parametrize("number", IDS)
def test_it_takes_no_nonsense_for_an_id(things, alice, number):
    browser = signed_in(alice)
    line = f"{things.ids['mailbox_id']}-{number}"
    for name, body in (
        ("compose_discard", {"draft": number}),
        ("compose_save", fields(draft=number)),
        ("compose_send", fields(draft=number, subject="\r\n")),
        ("compose_save", fields(kept=f"{number}:1")),
        ("compose_save", fields(kept=f"{things.ids['message_id']}:{number}")),
        ("compose_save", fields(source=f"reply {number}", quoted="1")),
        ("act", {"do": f"move {number}", "line": things.line}),
        ("act", {"do": "archive", "line": line}),
        ("act", {"one": f"star {number}-{number}"}),
        ("path_act", {"act": "retry", "to": number}),
    ):
        answer = browser.post(site.url(name, things), body)
        assert answer.status_code in (200, 302, 400, 404, 422), (name, body)
    for query in ({"mailbox": number, "since": number}, {"open": number, "images": number}, {"before": f"{number}-1"}):
        for path in (
            "/changed/",
            f"/mail/{line.replace(number, str(things.ids['thread_id'])).replace('-', '/')}/",
            "/",
        ):
            assert browser.get(path, query).status_code in (200, 404)


@pytest.mark.parametrize("number", IDS)
def test_it_takes_no_nonsense_for_an_id_in_the_dashboard(domains, number):
    boss = accounts.create_account(address="post@crepes.fr", name="Post", password=PASSWORD, admin=True)
    browser = signed_in(boss)
    for body in ({"act": "retry", "recipient": number}, {"one": f"cancel {number}"}):
        # 200: the question before it is cancelled.
        assert browser.post("/admin/queue/act/", body).status_code in (200, 302)
    assert browser.get("/admin/queue/", {"from": number}).status_code in (200, 404)
    assert browser.get("/admin/queue/", {"q": number}).status_code == 200
    for table in ("account", "domain", "address"):
        answer = browser.get(f"/admin/store/{table}/", {"q": number, "p": number, "o": number})
        assert answer.status_code in (200, 302)


@pytest.mark.parametrize("name", ["Mallory\r\nBcc: charlie@hamburger.edu", "Mal\nlory", "Mal\rlory", "Mal\x00lory"])
def test_it_takes_no_name_that_would_leave_its_field(alice, name):
    given = {"name": name, "theme": "system", "density": "comfortable", "time_zone": "UTC"}
    answer = signed_in(alice).post("/account/", given)
    assert answer.status_code == 400
    assert "not allowed" in answer.content.decode()
    assert Account.objects.get(pk=alice.pk).name == "Alice"
    with pytest.raises(InvalidName):
        accounts.set_preferences(account_id=alice.pk, **{**given, "pop3": False, "undo_send": None})
    with pytest.raises(InvalidName):
        accounts.create_account(address="mallory@crepes.fr", name=name, password=PASSWORD)
    with pytest.raises(InvalidName):
        administration.change_account(account_id=alice.pk, name=name, quota=0, pop3=False, active=True, admin=False)


def test_it_asks_again_for_a_broken_name_at_first_run(db):
    given = {"name": "Mal\r\nlory", "address": "mallory@crepes.fr", "password": PASSWORD}
    answer = Client().post("/welcome/", given)
    assert answer.status_code == 400
    assert "not allowed" in answer.content.decode()
    assert not Account.objects.exists()


def test_it_cleans_no_html_that_would_take_minutes(alice):
    for given in ({"html": "<div>" * 60_000, "rich": "1"}, {"html": "x" * 1_100_000, "rich": "1"}, {"text": "\x00"}):
        answer = signed_in(alice).post("/compose/save/", fields(**given))
        assert answer.status_code == 422
        assert texts(page_of(answer), ".notice.bad")
    assert not drafts_of(alice)


def page_of(answer):
    answer.status_code = 200
    return page(answer)


def test_it_sends_nothing_for_an_account_that_was_switched_off(alice, bob):
    """A mail program that is signed in already keeps its connection."""
    Account.objects.filter(pk=alice.pk).update(is_active=False)
    with pytest.raises(NotPermitted):
        submission.submit(
            account_id=alice.pk,
            sender=alice.address,
            recipients=[submission.SubmittedRecipient(bob.address)],
            raw=message(sender=f"Alice <{alice.address}>"),
        )
    assert not QueueEntry.objects.exists()
