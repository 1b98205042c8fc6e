"""Writing: the dock, chips, rich text, saving by itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Route, expect

from mailserver.services import drafts, mailboxes, messages
from mailserver.store.models import Mailbox
from tests.browser.conftest import PHONE
from tests.browser.writing import TEXT, chips, ready, recipients, saved, say
from tests.support.mail import delivered
from tests.webmail.writing import drafts_of

TINY_PNG = b"\x89PNG\r\n\x1a\n" + b"0" * 60


def written(account) -> drafts.Writing:
    (entry,) = drafts_of(account)
    return drafts.load(account_id=account.pk, message_id=entry.message_id).writing


def test_it_opens_in_the_dock_and_saves_by_itself(alice, open_page):
    delivered(alice)
    page = open_page(alice)
    page.keyboard.press("c")
    ready(page)
    expect(recipients(page)).to_be_focused()
    page.keyboard.type("bob@hamburger.edu,")
    page.fill(".writer [name=subject]", "Crêpe night")
    say(page, "Seven")
    page.keyboard.press("Control+b")
    page.keyboard.type(" sharp")
    expect(page.locator('[data-format="bold"]')).to_have_attribute("aria-pressed", "true")
    saved(page)
    found = written(alice)
    assert [person.address for person in found.to] == ["bob@hamburger.edu"]
    assert (found.subject, found.text) == ("Crêpe night", "Seven sharp")
    assert re.fullmatch(r"<div>Seven<b> sharp</b>(<br>)?</div>", found.html)


def test_it_makes_chips_of_addresses_and_marks_wrong_ones(alice, open_page):
    page = ready(open_page(alice, "/compose/?to=%22Burger,%20Bob%22%20<bob@hamburger.edu>"))
    field = recipients(page)
    field.fill("tomas@serralves, ana@serralves.pt; BOB@hamburger.edu,")
    assert chips(page) == ["Burger, Bob", "tomas@serralves", "ana@serralves.pt"]
    expect(page.locator(".chip.wrong")).to_have_text("tomas@serralves")
    page.click("[aria-label='Remove tomas@serralves from To']")
    field.press("Backspace")
    assert chips(page) == ["Burger, Bob"]
    posted = page.locator('.writer input[type=hidden][name="to"]')
    expect(posted).to_have_value('"Burger, Bob" <bob@hamburger.edu>')


@pytest.mark.slow
def test_it_completes_people_one_has_mail_with(alice, open_page):
    delivered(alice, sender="Bob Burger <bob@hamburger.edu>")
    delivered(alice, sender="Bobette <bobette@news.example>")
    page = ready(open_page(alice, "/compose/"))
    field = recipients(page)
    field.press_sequentially("bob")
    options = page.get_by_role("option")
    expect(options).to_have_count(2)
    expect(field).to_have_attribute("aria-expanded", "true")
    field.press("ArrowDown")
    chosen = page.locator('[role=option][aria-selected="true"]')
    expect(field).to_have_attribute("aria-activedescendant", chosen.get_attribute("id") or "?")
    name = chosen.locator("b").inner_text()
    field.press("Enter")
    assert chips(page) == [name]
    field.press_sequentially("bob")
    expect(options).to_have_count(2)
    field.press("Escape")
    expect(options).to_have_count(0)
    expect(page.locator(".writer")).to_be_visible()


@pytest.mark.slow
def test_it_takes_files_by_button_drop_and_paste_and_lets_them_go(alice, open_page):
    page = ready(open_page(alice, "/compose/?subject=Files"))
    page.set_input_files("input[type=file]", {"name": "menü.txt", "mimeType": "text/plain", "buffer": b"cider"})
    expect(page.locator(".uploads li", has_text="menü.txt")).to_be_visible()
    for kind, name in (("drop", "dropped.png"), ("paste", "pasted.png")):
        page.locator(TEXT).evaluate(
            """(field, [kind, name]) => {
                const transfer = new DataTransfer();
                transfer.items.add(new File(["x".repeat(100)], name, { type: "image/png" }));
                const given = kind === "drop" ? { dataTransfer: transfer } : { clipboardData: transfer };
                const Kind = kind === "drop" ? DragEvent : ClipboardEvent;
                field.dispatchEvent(new Kind(kind, { bubbles: true, cancelable: true, ...given }));
            }""",
            [kind, name],
        )
        expect(page.locator(".uploads li", has_text=name)).to_be_visible()
    expect(page.locator(".uploads .total")).to_contain_text("205 bytes of")
    page.click("[aria-label='Remove dropped.png']")
    expect(page.locator(".uploads li", has_text="dropped.png")).to_have_count(0)
    saved(page)
    page.reload()
    ready(page)
    expect(page.locator(".uploads li:not(.total)")).to_have_count(2)
    (entry,) = drafts_of(alice)
    assert [item[0] for item in entry.message.attachments] == ["menü.txt", "pasted.png"]


@pytest.mark.slow
def test_it_lets_a_file_go_that_is_being_saved(alice, open_page):
    page = ready(open_page(alice, "/compose/?subject=Files"))
    files = [{"name": name, "mimeType": "text/plain", "buffer": b"cider"} for name in ("one.txt", "two.txt")]
    page.set_input_files("input[type=file]", files)
    expect(page.locator(".uploads .total")).to_contain_text("10 bytes of")
    held: list[Route] = []
    page.route("**/compose/save/", lambda route: held.append(route), times=1)
    with page.expect_request("**/compose/save/"):
        page.fill("[name=subject]", "Changed")
        page.locator("[name=subject]").blur()
    page.click("[aria-label='Remove one.txt']")
    held[0].continue_()
    saved(page)
    expect(page.locator(".uploads li:not(.total)", has_text="one.txt")).to_have_count(0)
    (entry,) = drafts_of(alice)
    assert [item[0] for item in entry.message.attachments] == ["two.txt"]


def test_it_says_that_a_file_is_too_big_without_sending_it(alice, open_page):
    page = ready(open_page(alice, "/compose/"))
    page.locator(".writer").evaluate("writer => (writer.dataset.limit = 10)")
    page.set_input_files("input[type=file]", {"name": "big.bin", "mimeType": "a/b", "buffer": b"x" * 11})
    expect(page.locator("#toasts")).to_contain_text("big.bin is too big to be attached.")
    assert drafts_of(alice) == []


@pytest.mark.slow
def test_it_has_an_address_of_its_own_that_survives_reload(alice, open_page):
    page = ready(open_page(alice, "/compose/"))
    say(page, "First words")
    saved(page)
    expect(page).to_have_url(re.compile(r"/drafts/\d+/$"))
    page.reload()
    ready(page)
    expect(page.locator(TEXT)).to_have_text("First words")
    expect(page.locator(".bar .state")).to_contain_text("Saved")


def test_it_does_not_lose_the_last_words_when_the_page_is_left(alice, open_page):
    page = ready(open_page(alice, "/compose/?subject=Leaving"))
    say(page, "Not yet saved")
    page.goto("/")
    expect(page.locator("[data-place=drafts] .n")).to_have_text("1")
    assert written(alice).text == "Not yet saved"


@pytest.mark.slow
def test_it_keeps_writers_open_from_page_to_page(alice, open_page):
    delivered(alice)
    page = open_page(alice)
    page.click("a.compose-btn")
    ready(page)
    say(page, "Going on")
    saved(page)
    page.click("[data-do=minimise]")
    expect(page.locator(".dock .writer.small")).to_be_visible()
    page.goto("/starred/")
    expect(page.locator(".dock .writer.small")).to_be_visible()
    page.click(".dock .writer header h2")
    expect(page.locator(TEXT)).to_have_text("Going on")
    page.keyboard.press("Escape")
    page.locator(TEXT).press("Escape")
    expect(page.locator(".dock .writer")).to_have_count(0)
    page.goto("/")
    expect(page.locator(".dock .writer")).to_have_count(0)
    assert len(drafts_of(alice)) == 1


@pytest.mark.slow
def test_it_answers_in_the_dock_with_the_quote_folded(alice, open_page):
    delivered(alice, sender="Bob <bob@hamburger.edu>", body="Saturday at seven it is.\r\n")
    page = open_page(alice)
    page.click(".row .go")
    page.click("#answer .grow")
    ready(page)
    expect(page.locator(".dock h2")).to_have_text("Re: Crêpe night")
    assert chips(page) == ["Bob"]
    page.locator(TEXT).click()
    page.keyboard.type("Good.")
    expect(page.locator(".quote pre")).to_be_hidden()
    page.click(".quote summary")
    expect(page.locator(".quote pre")).to_contain_text("> Saturday at seven it is.")
    page.click("text=Put it into the text")
    expect(page.locator(".quote")).to_have_count(0)
    expect(page.locator(f"{TEXT} blockquote")).to_have_text("Saturday at seven it is.")
    expect(page.locator(TEXT)).to_contain_text("Good.")
    assert "> Saturday at seven it is." in written(alice).text


@pytest.mark.slow
def test_it_writes_plain_text_when_one_likes(alice, open_page):
    page = ready(open_page(alice, "/compose/"))
    say(page, "One")
    page.keyboard.press("Enter")
    page.keyboard.type("two")
    page.click("text=Plain text")
    expect(page.locator("textarea.text")).to_have_value("One\ntwo")
    with page.expect_response("**/compose/save/"):
        pass
    saved(page)
    assert (written(alice).text, written(alice).html) == ("One\ntwo", "")
    page.reload()
    expect(page.locator("textarea.text")).to_have_value("One\ntwo")


@pytest.mark.slow
def test_it_discards_and_brings_back(alice, open_page):
    delivered(alice)
    page = open_page(alice)
    page.click("a.compose-btn")
    ready(page)
    say(page, "Never mind")
    saved(page)
    page.click(".dock [aria-label=Discard]")
    expect(page.locator(".dock .writer")).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Draft discarded")
    expect(page.locator("[data-place=drafts] .n")).to_have_text("")
    page.keyboard.press("z")
    expect(page.locator("[data-place=drafts] .n")).to_have_text("1")
    assert mailboxes.by_use(alice.pk, Mailbox.Use.TRASH).total == 0


def test_it_lets_no_pasted_script_in(alice, open_page):
    page = ready(open_page(alice, "/compose/"))
    page.locator(TEXT).click()
    page.locator(TEXT).evaluate(
        """field => {
            const transfer = new DataTransfer();
            const hostile = '<p style="color:red">Hi <img src="/picture" onerror="window.hacked=1"><b>Bob</b></p>';
            transfer.setData("text/html", hostile);
            const given = { bubbles: true, cancelable: true, clipboardData: transfer };
            field.dispatchEvent(new ClipboardEvent("paste", given));
        }"""
    )
    expect(page.locator(f"{TEXT} b")).to_have_text("Bob")
    assert page.evaluate("window.hacked") is None
    assert page.locator(f"{TEXT} [onerror], {TEXT} [style], {TEXT} [src]").count() == 0
    assert all("inline" in text and "Content Security Policy" in text for text in open_page.complaints), (
        open_page.complaints
    )
    open_page.complaints.clear()


def test_it_fills_a_phone(alice, open_page):
    place = delivered(alice)
    page = open_page(alice, f"/message/{place.message_id}/reply/", viewport=PHONE, has_touch=True)
    ready(page)
    expect(page.locator(".tabbar")).to_be_hidden()
    send = page.locator("[data-do=send]").bounding_box()
    assert send is not None
    assert send["height"] >= 44
    assert send["y"] + send["height"] <= PHONE["height"]
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]


def test_it_is_loaded_only_to_write(alice, open_page):
    delivered(alice)
    page = open_page(alice)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click(".row .go")
    expect(page.locator("#reading h1")).to_be_visible()
    assert not [url for url in asked if "/vendor/" in url]
    page.click("a.compose-btn")
    ready(page)
    assert len([url for url in asked if "/vendor/" in url]) == 2


@pytest.mark.slow
def test_it_knows_the_draft_by_any_program(alice, open_page):
    page = ready(open_page(alice, "/compose/?to=bob@hamburger.edu&subject=Shared&body=Words"))
    say(page, "!")
    saved(page)
    (entry,) = drafts_of(alice)
    raw = messages.raw(entry.message)
    assert b"To: bob@hamburger.edu" in raw
    assert b"multipart/alternative" in raw
