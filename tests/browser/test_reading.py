"""Opening, reading and going back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from mailserver.services import mailboxes
from tests.browser.conftest import PHONE
from tests.support.mail import delivered
from tests.webmail.reading import address, html_message


def unseen(account) -> int:
    return mailboxes.by_use(account.pk, "inbox").unseen


def test_it_opens_a_conversation_beside_the_list_and_marks_it_read(alice, open_page):
    delivered(alice, subject="Other")
    place = delivered(alice, subject="Crêpe night", body="Saturday at seven it is.\r\n")
    page = open_page(alice)
    row = page.locator(".row", has_text="Crêpe night")
    expect(row).to_have_class(re.compile("unread"))
    page.evaluate("window.kept = true")
    row.locator(".go").click()
    expect(page.locator("#reading h1")).to_have_text("Crêpe night")
    expect(page.locator("#reading .body")).to_contain_text("Saturday at seven")
    expect(row).to_have_class(re.compile(r"\bopen\b"))
    expect(row).not_to_have_class(re.compile("unread"))
    expect(page.locator("#unread")).to_have_text("1 unread")
    expect(page.locator('.nav [aria-current="page"] .n')).to_have_text("1")
    expect(page).to_have_title("(1) Crêpe night · Correio")
    assert page.url.endswith(address(place))
    assert page.evaluate("window.kept"), "without loading the page anew"
    assert unseen(alice) == 1


def test_it_shows_the_same_after_reload_and_comes_back(alice, open_page):
    delivered(alice, subject="Crêpe night")
    page = open_page(alice)
    page.click(".row .go")
    expect(page.locator("#reading h1")).to_have_text("Crêpe night")
    page.reload()
    expect(page.locator("#reading h1")).to_have_text("Crêpe night")
    expect(page.locator(".row.open")).to_have_count(1)
    page.go_back()
    expect(page.locator("#reading")).to_contain_text("to write")
    expect(page.locator(".row.open")).to_have_count(0)
    page.go_forward()
    expect(page.locator("#reading h1")).to_have_text("Crêpe night")


def test_it_shows_one_pane_at_a_time_on_a_phone(alice, open_page):
    delivered(alice, subject="Crêpe night")
    page = open_page(alice, viewport=PHONE, has_touch=True)
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#reading")).to_be_hidden()
    page.tap(".row .go")
    expect(page.locator("#reading h1")).to_be_visible()
    expect(page.locator("#list")).to_be_hidden()
    page.tap("[data-back]")
    expect(page.locator("#list")).to_be_visible()
    expect(page.locator("#reading")).to_be_hidden()
    page.go_back()
    expect(page.locator("#reading h1")).to_be_visible()


@pytest.mark.slow
def test_it_unfolds_earlier_messages(alice, open_page):
    for number in range(5):
        extra = {"reply_to": "0@x.pt"} if number else {}
        delivered(alice, message_id=f"{number}@x.pt", body=f"Number {number}\r\n", subject="Re: Night", **extra)
    page = open_page(alice)
    page.click(".row .go")
    expect(page.locator(".msg:not(.folded)")).to_have_count(5)
    expect(page.locator(".row")).not_to_have_class(re.compile("unread"))
    page.reload()
    expect(page.locator(".msg:not(.folded)")).to_have_count(1)
    page.click(".earlier summary")
    page.locator(".earlier .msg").first.click()
    expect(page.locator(".earlier .msg .body")).to_have_text("Number 1")


@pytest.mark.slow
def test_it_keeps_the_list_while_older_conversations_load(alice, open_page):
    for number in range(120):
        delivered(alice, subject=f"Number {number}")
    page = open_page(alice)
    expect(page.locator(".row")).to_have_count(50)
    page.locator(".foot").scroll_into_view_if_needed()
    expect(page.locator(".row")).to_have_count(100)
    page.locator(".foot").scroll_into_view_if_needed()
    expect(page.locator(".row")).to_have_count(120)
    assert page.locator(".group").all_inner_texts() == ["Today"]


def test_it_runs_nothing_of_a_message_and_asks_no_other_server(alice, open_page):
    hostile = """
        <p id=hello>Hello</p><script>parent.hacked = 1</script><img src=x onerror="parent.hacked = 1">
        <img src="https://tracker.example/pixel"><svg onload="parent.hacked = 1"></svg>
        <a href="javascript:parent.hacked = 1">click</a><a href="https://x.example/">out</a>
        <form action="/signout/" method=post><button>gift</button></form><base href="https://evil.example/">
    """
    delivered(alice, html_message(hostile))
    page = open_page(alice)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.click(".row .go")
    frame = page.frame_locator("iframe.sheet")
    expect(frame.locator("text=Hello")).to_be_visible()
    expect(page.locator(".notice.remote")).to_be_visible()
    assert page.evaluate("window.hacked") is None
    assert page.evaluate("document.querySelector('iframe.sheet').contentDocument") is None, "of no origin"
    assert not [url for url in asked if "example" in url]
    assert frame.locator("form, button, script, svg, base[href]").count() == 0
    with page.context.expect_page() as opened:
        frame.locator("text=out").click()
    assert opened.value.evaluate("window.opener") is None
    opened.value.close()


@pytest.mark.slow
def test_it_makes_the_frame_about_as_tall_as_its_content(alice, open_page):
    letter = "".join(
        f"<h2>Part {n}</h2><p>{'Some words about buckwheat. ' * 30}</p><ul><li>a<li>b</ul>" for n in range(4)
    )
    delivered(alice, html_message(letter))
    for viewport in ({"width": 1440, "height": 900}, PHONE):
        page = open_page(alice, viewport=viewport)
        page.click(".row .go")
        expect(page.frame_locator("iframe.sheet").locator("h2").first).to_be_visible()
        frame = page.frames[1]
        inside = frame.evaluate("document.documentElement.scrollHeight")
        outside = page.locator("iframe.sheet").evaluate("frame => frame.clientHeight")
        assert inside * 0.85 <= outside <= inside * 1.35 + 40
