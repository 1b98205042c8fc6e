"""What a phone shows whole: words of the writer, tables, menus and names that wide windows have room for."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from mailserver.store.models import Domain
from tests.browser.accessibility import faults
from tests.browser.conftest import DESKTOP, PHONE
from tests.browser.writing import ready, saved, say
from tests.support.mail import delivered
from tests.support.travelling import hamburger_edu, sent, worker
from tests.webmail.reading import address
from tests.webmail.writing import drafts_of

LONG = "someone.with.a.very.long.address.indeed@a.long.domain.example.org"
ARABIC = "دعوة إلى أسبوع الطهي"


def in_sight(page: Page, selector: str) -> bool:
    """Whether the middle of the first one is inside the window and on top."""
    script = """element => {
        const box = element.getBoundingClientRect();
        const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
        return Boolean(top) && (element.contains(top) || top.contains(element)) && box.right <= innerWidth;
    }"""
    return bool(page.locator(selector).first.evaluate(script))


def cut(page: Page, selector: str) -> list[str]:
    """The words that do not fit into their element, or into the window."""
    script = """elements => elements.filter(one => one.checkVisibility() && (one.scrollWidth > one.clientWidth + 1
        || one.getBoundingClientRect().right > innerWidth)).map(one => one.textContent.trim())"""
    found: list[str] = page.locator(selector).evaluate_all(script)
    return found


@pytest.mark.slow
def test_the_writer_shows_its_words_whole_and_lets_go_of_a_long_name(alice, open_page):
    page = ready(open_page(alice, f"/compose/?to={LONG}", viewport=PHONE, color_scheme="dark", bypass_csp=True))
    assert cut(page, ".writer .send .btn, .writer .send .aside-note span, .writer .format .btn") == []
    assert faults(page) == []
    expect(page.locator(".chip.person")).to_have_count(1)
    assert in_sight(page, ".chip button"), "the name leaves room for its button"
    page.click(".chip button")
    expect(page.locator(".chip.person")).to_have_count(0)


@pytest.mark.slow
def test_the_tries_and_the_states_can_be_read(alice, domains, open_page):
    Domain.objects.filter(name="hamburger.edu").delete()
    replies = {"RCPT bobb@hamburger.edu": "550 5.1.1 No", "RCPT ana@hamburger.edu": "451 4.7.1 Later"}
    with hamburger_edu(replies=replies):
        entry = sent(alice, "bobb@hamburger.edu", "ana@hamburger.edu")
        worker()
    row = entry.recipients.get(address="ana@hamburger.edu")
    page = open_page(alice, f"/message/{entry.sent_copy_id}/path/?to={row.pk}", viewport=PHONE)
    script = """cells => cells.map(cell => {
        const words = document.createRange();
        words.selectNodeContents(cell);
        return words.getClientRects().length;
    })"""
    lines = page.locator(".tries th").evaluate_all(script)
    assert lines[:2] == [1, 1], "the heads of the narrow columns stay in one piece"
    colours = page.locator(".ways .state").evaluate_all("all => all.map(one => getComputedStyle(one).color)")
    assert len(set(colours)) == 2, "what was refused looks other than what waits"


@pytest.mark.slow
def test_a_menu_at_the_edge_comes_into_sight(alice, open_page):
    place = delivered(alice, subject="Re: words and more words " * 14)
    page = open_page(alice, address(place), viewport=PHONE)
    page.locator(".msg .acts .holder summary").evaluate("button => button.scrollIntoView({block: 'end'})")
    page.click(".msg .acts .holder summary")
    expect(page.locator(".msg .acts .menu")).to_be_in_viewport(ratio=1)
    assert in_sight(page, ".msg .acts .menu > :last-child")


@pytest.mark.slow
def test_no_key_is_shown_and_no_ring_is_drawn_where_nobody_has_keys(alice, open_page):
    place = delivered(alice, subject=ARABIC, sender="مريم <mariam@x.example>")
    page = open_page(alice, "/search/?q=nothing", viewport=PHONE)
    expect(page.locator(".search kbd").first).to_be_hidden()
    page.goto(address(place))
    page.wait_for_selector("html[data-ready]")
    expect(page.locator("#reading .scroll")).to_be_focused()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "none"
    for viewport in (PHONE, DESKTOP):
        page.set_viewport_size(viewport)
        title = page.locator("#reading h1")
        assert title.evaluate("one => getComputedStyle(one).direction") == "rtl"
        assert title.evaluate("one => getComputedStyle(one).textAlign") == "left", "where the line below begins"
    page.goto("/")
    expect(page.locator(".search kbd").first).to_be_visible()


@pytest.mark.slow
def test_what_was_only_opened_is_no_draft(alice, open_page):
    page = ready(open_page(alice, "/compose/"))
    say(page, "x")
    page.keyboard.press("Backspace")
    page.locator(".writer [role=textbox]").evaluate("field => field.setAttribute('data-extension', '1')")
    page.goto("/")
    assert drafts_of(alice) == []
    # Before that the letter opens a whole page, which Escape does not close.
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("c")
    ready(page)
    page.fill(".writer [name=subject]", "C")
    page.fill(".writer [name=subject]", "")
    page.keyboard.press("Escape")
    expect(page.locator(".writer")).to_have_count(0)
    assert drafts_of(alice) == []
    page.keyboard.press("c")
    ready(page)
    page.fill(".writer [name=subject]", "Crêpe night")
    saved(page)
    page.fill(".writer [name=subject]", "")
    page.keyboard.press("Escape")
    expect(page.locator(".writer")).to_have_count(0)
    assert [entry.message.subject for entry in drafts_of(alice)] == [""], "what was saved once is kept up to date"
