from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.net.remote_trouble import RemoteTrouble
from mailserver.services import external
from mailserver.store.models import ExternalAccount, ExternalFolder, ExternalMessage
from tests.services.importing import State, added
from tests.webmail.reading import HTMX, box, only, page, signed_in, texts

FORM = {
    "host": "imap.example.org",
    "port": "993",
    "security": "tls",
    "username": "old@example.org",
    "password": "kouign-amann",
    "mode": "keep",
}


@pytest.fixture
def tries(monkeypatch) -> list[object]:
    """The places that were tried; none of them is called."""
    found: list[object] = []
    monkeypatch.setattr(external, "attempt", lambda account_id, place: found.append(place))
    return found


def with_folder(row: ExternalAccount, account, **values: object) -> ExternalFolder:
    given = {"wire": "INBOX", "name": "INBOX", "use": "inbox", "mailbox": box(account), "uidvalidity": 1}
    return ExternalFolder.objects.create(external=row, **{**given, **values})


def test_it_adds_an_account_and_shows_it(alice, tries):
    tree = page(signed_in(alice).post("/account/import/", FORM, follow=True))
    row = ExternalAccount.objects.get()
    assert (row.account, row.host, row.port, row.mode) == (alice, "imap.example.org", 993, "keep")
    assert tries[0].password == "kouign-amann"
    assert texts(tree, "h1") == ["old@example.org at imap.example.org"]
    assert texts(tree, ".toast > span") == ["The import has begun"]
    assert "kouign-amann" not in tree.html


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", ""),
        ("host", "no such/thing"),
        ("host", "a\r\nb"),
        ("port", "0"),
        ("port", "99999"),
        ("port", "imap"),
        ("username", ""),
        ("username", "a\r\nb"),
        ("password", ""),
        ("password", "a\nb"),
        ("security", "none"),
        ("mode", "often"),
    ],
)
def test_it_says_at_the_field_what_is_wrong(alice, tries, field, value):
    response = signed_in(alice).post("/account/import/", {**FORM, field: value})
    assert response.status_code == 400
    if field != "mode":
        assert f'id="{field}-errors"' in response.content.decode()
    assert tries == []
    assert not ExternalAccount.objects.exists()


@pytest.mark.parametrize("field", ["host", "port", "security", "password"])
def test_it_says_at_the_field_what_the_server_does_not_like(alice, monkeypatch, field):
    def refuse(account_id, place):
        raise RemoteTrouble("It <does> not like this.", field=field)

    monkeypatch.setattr(external, "attempt", refuse)
    html = signed_in(alice).post("/account/import/", FORM).content.decode()
    assert f'<p class="errors" id="{field}-errors">It &lt;does&gt; not like this.</p>' in html
    assert "kouign-amann" not in html
    assert 'value="old@example.org"' in html


def test_it_takes_names_of_servers_as_people_write_them(alice, tries):
    for host, kept in (("IMAP.Example.ORG.", "imap.example.org"), ("imap.crêpes.fr", "imap.xn--crpes-isa.fr")):
        signed_in(alice).post("/account/import/", {**FORM, "host": host})
        assert tries[-1].host == kept


def test_it_lists_how_far_each_import_has_come(alice, bob):
    row = added(alice, 993)
    with_folder(row, alice, total=200, imported=30, known=20, failed=1)
    added(bob, 994)
    tree = page(signed_in(alice).get("/account/import/"))
    assert texts(tree, ".imports a") == ["old at localhost"]
    assert texts(tree, ".imports p") == ["About to begin · 51 of 200 messages · 1 could not be imported"]
    assert only(tree, ".imports svg.track").attributes["aria-label"] == "25 percent done"
    assert "every 3s" in only(tree, "#imports").attributes["hx-trigger"]


def test_it_looks_anew_only_while_something_moves(alice):
    row = added(alice, 993)
    browser = signed_in(alice)
    fragment = browser.get("/account/import/", headers=HTMX).content.decode()
    assert fragment.strip().startswith('<div id="imports"')
    ExternalAccount.objects.filter(pk=row.pk).update(state=State.DONE)
    for path in ("/account/import/", f"/account/import/{row.pk}/"):
        assert "every 3s" not in browser.get(path, headers=HTMX).content.decode()


@pytest.mark.parametrize(
    ("values", "words", "button"),
    [
        ({"state": State.PAUSED}, "Paused", "Go on"),
        ({"state": State.DONE}, "Done", "Import again"),
        ({"state": State.STOPPED, "error": "Wrong <password>."}, "Needs you", "Try again"),
        ({"error": "Nobody answers."}, "Trying again soon", "Pause"),
        ({"last_run_at": timezone.now()}, "Importing", "Pause"),
        ({"finished_at": timezone.now(), "round_at": timezone.now() + timedelta(days=9)}, "Up to date", "Pause"),
    ],
    ids=["paused", "done", "stopped", "trouble", "running", "waiting"],
)
def test_it_says_how_an_import_stands_and_offers_what_makes_sense(alice, values, words, button):
    row = added(alice, 993)
    ExternalAccount.objects.filter(pk=row.pk).update(**values)
    tree = page(signed_in(alice).get(f"/account/import/{row.pk}/"))
    assert texts(tree, "#report .import-head p")[0].startswith(words)
    assert texts(tree, "#report form button") == [button, "Remove"]
    if "error" in values:
        assert values["error"] in texts(tree, "#report .import-head p")


def test_it_reports_each_folder_with_its_checksums_and_what_failed(alice):
    row = added(alice, 993)
    now = timezone.now()
    same, other = "a" * 64, "b" * 64
    inbox = with_folder(
        row, alice, total=3, imported=2, failed=1, compared_at=now, checksum_there=same, checksum_here=same
    )
    with_folder(
        row,
        alice,
        wire="W",
        name="Work",
        compared_at=now,
        checksum_there=same,
        checksum_here=other,
        gone=2,
        error="No.",
    )
    with_folder(row, alice, wire="X", name="Other", compared_at=now, checksum_there=same, checksum_here=other)
    with_folder(row, alice, wire="Y", name="Not yet", mailbox=None)
    ExternalMessage.objects.create(
        folder=inbox, uidvalidity=1, uid=7, state=ExternalMessage.State.FAILED, reason="Too <large>."
    )
    tree = page(signed_in(alice).get(f"/account/import/{row.pk}/"))
    found = texts(tree, "tbody td:last-child")
    assert [text.split(" aaaa")[0] for text in found] == ["Equal", "2 no longer here", "Different", "not yet"]
    assert same in only(tree, "tbody tr:first-child code").attributes["title"]
    assert texts(tree, "tbody td:first-child p") == ["No."]
    assert texts(tree, ".failures li") == ["INBOX , message 7: Too <large>."]


def test_it_pauses_goes_on_and_removes(alice):
    row = added(alice, 993)
    browser = signed_in(alice)
    for act, state in (("pause", State.PAUSED), ("resume", State.ACTIVE)):
        assert browser.post(f"/account/import/{row.pk}/act/", {"do": act}).status_code == 302
        row.refresh_from_db()
        assert row.state == state
    assert browser.post(f"/account/import/{row.pk}/act/", {"do": "explode"}).status_code == 404
    tree = page(browser.post(f"/account/import/{row.pk}/act/", {"do": "remove"}, follow=True))
    assert texts(tree, ".toast > span") == ["Removed. The mail that came stays."]
    assert not ExternalAccount.objects.exists()


def test_it_takes_another_password_once_it_works(alice, monkeypatch, tries):
    row = added(alice, 993)
    ExternalAccount.objects.filter(pk=row.pk).update(state=State.STOPPED, error="Wrong.")
    address = f"/account/import/{row.pk}/password/"
    assert signed_in(alice).post(address, {"password": ""}).status_code == 400
    signed_in(alice).post(address, {"password": "far breton"})
    assert tries[-1].password == "far breton"
    row.refresh_from_db()
    assert (row.state, row.error) == (State.ACTIVE, "")

    def refuse(account_id, place):
        raise RemoteTrouble("Not this one either.", field="password", lasting=True)

    monkeypatch.setattr(external, "attempt", refuse)
    response = signed_in(alice).post(address, {"password": "far breton"})
    assert response.status_code == 400
    assert "Not this one either." in response.content.decode()


def test_the_account_page_leads_to_it(alice):
    assert page(signed_in(alice).get("/account/")).css("a[href='/account/import/']")
