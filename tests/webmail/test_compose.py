from __future__ import annotations

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from mailserver.services import drafts, messages
from mailserver.store.models import Mailbox
from tests.support.mail import delivered, message
from tests.webmail.writing import drafts_of, entries, fields, signed_in

JSON = {"accept": "application/json"}
HTMX = {"hx-request": "true"}


def draft_of(browser, **changes) -> int:
    return browser.post("/compose/save/", fields(**changes), headers=JSON).json()["draft"]


def test_it_opens_with_what_a_mailto_link_asks_for(alice):
    page = (
        signed_in(alice).get("/compose/?to=mailto:bob@hamburger.edu&subject=Seven%0d%0aBcc:x&body=Yes").content.decode()
    )
    assert 'value="bob@hamburger.edu"' in page
    assert 'value="Seven Bcc:x"' in page
    assert ">Yes</textarea>" in page


def test_it_answers_a_page_or_the_piece_for_the_dock(alice):
    browser = signed_in(alice)
    assert b"<!doctype html>" in browser.get("/compose/").content
    piece = browser.get("/compose/", headers=HTMX).content
    assert b"<!doctype html>" not in piece
    assert b'class="writer"' in piece


@pytest.mark.parametrize("path", ["/compose/", "/compose/people/?q=b"])
def test_it_is_for_those_signed_in(client, db, path):
    assert client.get(path).status_code == 302


def test_it_saves_without_scripts_and_comes_back_to_the_draft(alice):
    browser = signed_in(alice)
    file = SimpleUploadedFile("list.txt", b"cider", content_type="text/plain")
    answer = browser.post("/compose/save/", fields(uploads=file))
    (entry,) = drafts_of(alice)
    assert answer.headers["Location"] == f"/drafts/{entry.message_id}/"
    page = browser.get(answer.headers["Location"]).content.decode()
    assert "Saturday at seven?</textarea>" in page
    assert 'value="Bob &lt;bob@hamburger.edu&gt;"' in page
    assert "list.txt" in page


def test_it_saves_by_itself_and_answers_with_the_new_version(alice):
    browser = signed_in(alice)
    first = draft_of(browser)
    answer = browser.post("/compose/save/", fields(draft=first, text="Eight?"), headers=JSON).json()
    (entry,) = drafts_of(alice)
    assert (answer["draft"], answer["url"]) == (entry.message_id, f"/drafts/{entry.message_id}/")
    assert answer["state"].startswith("Saved ")
    assert browser.get(f"/drafts/{first}/").status_code == 200


def test_it_keeps_and_removes_attachments(alice):
    browser = signed_in(alice)
    file = SimpleUploadedFile("list.txt", b"cider", content_type="text/plain")
    number = draft_of(browser, uploads=file)
    number = draft_of(browser, draft=number, kept=[f"{number}:2"])
    assert [item[0] for item in messages.get(alice.pk, number).attachments] == ["list.txt"]
    number = draft_of(browser, draft=number, kept=[f"{number}:2"], remove=f"{number}:2")
    assert messages.get(alice.pk, number).attachments == []


def test_it_keeps_rich_text_clean(alice):
    number = draft_of(signed_in(alice), rich="1", html="<div>Seven <b>sharp</b><script>x()</script></div>", text="")
    writing = drafts.load(account_id=alice.pk, message_id=number).writing
    assert (writing.html, writing.text) == ("<div>Seven <b>sharp</b></div>", "Seven sharp")


@pytest.mark.parametrize("name", ["to", "cc", "bcc", "subject"])
@pytest.mark.parametrize("text", ["x\r\nBcc: eve@evil.example", "x\ny", "x\x00y"])
@pytest.mark.parametrize("where", ["/compose/save/", "/compose/send/"])
def test_it_shows_header_injection_at_the_field(alice, where, name, text):
    answer = signed_in(alice).post(where, fields(**{name: text}))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "error" in page[page.index(f'data-field="{name}"') if name != "subject" else 0 :]
    assert drafts_of(alice) == []


def test_it_offers_only_ones_own_addresses(alice, bob):
    answer = signed_in(alice).post("/compose/save/", fields(sender="bob@hamburger.edu"), headers=JSON)
    assert answer.status_code == 422
    assert drafts_of(alice) == []


def test_it_says_that_a_draft_is_gone(alice):
    browser = signed_in(alice)
    number = draft_of(browser)
    drafts.discard(account_id=alice.pk, message_id=number)
    answer = browser.post("/compose/save/", fields(draft=number), headers=JSON)
    assert (answer.status_code, answer.json()["errors"]) == (422, ["This draft was sent or deleted in another window."])
    assert browser.get(f"/drafts/{number}/").status_code == 404


def test_it_discards_with_undo(alice):
    browser = signed_in(alice)
    number = draft_of(browser)
    page = browser.post("/compose/discard/", {"draft": number}, headers=HTMX).content.decode()
    assert "Draft discarded" in page
    assert 'action="/undo/' in page
    assert drafts_of(alice) == []
    assert len(entries(alice, Mailbox.Use.TRASH)) == 1
    assert browser.post("/compose/discard/", {"draft": ""}).headers["Location"] == "/"


def test_it_hides_everything_of_alice_from_charlie(alice, charlie):
    own = signed_in(alice)
    received, number = delivered(alice).message_id, draft_of(own, uploads=SimpleUploadedFile("a.txt", b"a"))
    browser = signed_in(charlie)
    for path in (f"/drafts/{number}/", *(f"/message/{received}/{verb}/" for verb in ("reply", "reply-all", "forward"))):
        assert browser.get(path).status_code == 404, path
    mine = {"sender": "charlie@hamburger.edu"}
    assert browser.post("/compose/discard/", {"draft": number}).status_code == 404
    for theft in ({"draft": number}, {"kept": [f"{number}:2"]}):
        answer = browser.post("/compose/save/", fields(**mine, **theft), headers=JSON)
        assert answer.status_code == 422, theft
    stolen = draft_of(browser, **mine, source=f"forward {received}", quoted="1")
    assert "Saturday at seven it is" not in drafts.load(account_id=charlie.pk, message_id=stolen).writing.text
    assert len(drafts_of(alice)) == 1


def test_it_completes_addresses(alice):
    delivered(alice, sender='"Bob <b>" <bob@hamburger.edu>')
    page = signed_in(alice).get("/compose/people/?q=bob&list=people-1").content.decode()
    assert 'data-value="&quot;Bob &lt;b&gt;&quot; &lt;bob@hamburger.edu&gt;"' in page
    assert 'id="people-1-0"' in page


def test_it_folds_the_quote_and_unfolds_it_on_demand(alice):
    browser = signed_in(alice)
    original = delivered(alice, body="Saturday at seven it is.\r\n> really?\r\n").message_id
    page = browser.get(f"/message/{original}/reply/").content.decode()
    assert "&gt; Saturday at seven it is.\n&gt;&gt; really?" in page
    changes = {"source": f"reply {original}", "quoted": "1", "subject": "Re: Crêpe night", "text": "Good."}
    number = draft_of(browser, **changes)
    text = drafts.load(account_id=alice.pk, message_id=number).writing.text
    assert text.startswith("Good.\n\nOn 23 November 2026 at 10:00, Bob wrote:\n> Saturday")
    assert ">Good.</textarea>" in browser.get(f"/drafts/{number}/").content.decode()
    unfolded = browser.post("/compose/save/", fields(**changes, draft=number, unfold="1")).content.decode()
    assert "wrote:\n&gt; Saturday" in unfolded
    assert 'name="quoted"' not in unfolded


def test_it_forwards_with_the_attachments(alice):
    raw = (
        message()
        .replace(b"Content-Type: text/plain; charset=utf-8", b'Content-Type: multipart/mixed; boundary="b"')
        .replace(b"Saturday at seven it is.\r\n", b"")
        + b"--b\r\n\r\nSee the list.\r\n--b\r\nContent-Type: text/csv; name=list.csv\r\n"
        + b"Content-Disposition: attachment; filename=list.csv\r\n\r\na;b\r\n--b--\r\n"
    )
    original = delivered(alice, raw).message_id
    browser = signed_in(alice)
    page = browser.get(f"/message/{original}/forward/").content.decode()
    assert f'name="kept" value="{original}:2"' in page
    assert 'value="Fwd: Crêpe night"' in page
    number = draft_of(
        browser, source=f"forward {original}", quoted="1", kept=[f"{original}:2"], subject="Fwd: Crêpe night"
    )
    assert [item[0] for item in messages.get(alice.pk, number).attachments] == ["list.csv"]
    assert "---------- Forwarded message ----------" in drafts.load(account_id=alice.pk, message_id=number).writing.text
