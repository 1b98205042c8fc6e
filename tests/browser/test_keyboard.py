"""Everything by keys: Gmail's letters, arrows, one tab stop in the list."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from mailserver.services import mailboxes
from tests.browser.conftest import until
from tests.support.mail import delivered


def focused(page: Page) -> str:
    return page.evaluate("document.activeElement.closest('.row')?.querySelector('.subject').innerText ?? ''")


def three(account) -> None:
    for subject in ("Three", "Two", "One"):
        delivered(account, subject=subject)


def test_it_walks_opens_and_comes_back(alice, open_page):
    three(alice)
    page = open_page(alice)
    page.keyboard.press("j")
    until(page, "document.activeElement.closest('.row')")
    assert focused(page) == "One"
    page.keyboard.press("j")
    assert focused(page) == "Two"
    page.keyboard.press("ArrowDown")
    assert focused(page) == "Three"
    page.keyboard.press("k")
    assert focused(page) == "Two"
    page.keyboard.press("o")
    expect(page.locator("#reading h1")).to_have_text("Two")
    page.keyboard.press("j")
    expect(page.locator("#reading h1")).to_have_text("Three")
    page.keyboard.press("u")
    expect(page.locator("#reading")).to_contain_text("to write")
    assert focused(page) == "Three"


@pytest.mark.slow
def test_it_acts_on_the_row_the_selection_or_the_conversation(alice, open_page):
    three(alice)
    page = open_page(alice)
    page.keyboard.press("j")
    until(page, "document.activeElement.closest('.row')")
    page.keyboard.press("s")
    expect(page.locator(".row .star[aria-pressed=true]")).to_have_count(1)
    page.keyboard.press("e")
    expect(page.locator(".toast")).to_contain_text("Archived")
    expect(page.locator(".row:visible")).to_have_count(2)
    assert focused(page) == "Two", "the focus goes on to the next"
    page.keyboard.press("z")
    expect(page.locator(".row:visible")).to_have_count(3)
    page.keyboard.press("*")
    page.keyboard.press("a")
    expect(page.locator(".head.bulk")).to_contain_text("3 selected")
    page.keyboard.press("Escape")
    expect(page.locator(".head.bulk")).to_be_hidden()
    page.locator(".row .go").nth(1).focus()
    page.keyboard.press("x")
    expect(page.locator(".head.bulk")).to_contain_text("1 selected")
    page.keyboard.press("#")
    expect(page.locator(".toast")).to_contain_text("Trash")
    page.locator(".row .go").first.click()
    expect(page.locator("#reading h1")).to_have_text("One")
    page.keyboard.press("!")
    expect(page.locator(".toast")).to_contain_text("spam")
    assert mailboxes.by_use(alice.pk, "junk").total == 1


def test_it_goes_to_places_search_help_and_the_writer(alice, open_page):
    three(alice)
    page = open_page(alice)
    page.keyboard.press("g")
    page.keyboard.press("t")
    expect(page.locator(".head:not(.bulk) h1")).to_have_text("Sent")
    page.keyboard.press("g")
    page.keyboard.press("i")
    expect(page.locator(".head:not(.bulk) h1")).to_have_text("Inbox")
    page.keyboard.press("?")
    expect(page.locator("#keys")).to_be_visible()
    page.keyboard.press("e")
    page.keyboard.press("Escape")
    expect(page.locator("#keys")).to_be_hidden()
    expect(page.locator(".row:visible")).to_have_count(3)
    page.keyboard.press("/")
    expect(page.locator(".search input")).to_be_focused()
    page.keyboard.type("two!")
    assert page.input_value(".search input") == "two!"
    page.keyboard.press("Escape")
    expect(page.locator(".search input")).not_to_be_focused()
    page.keyboard.press("c")
    expect(page.locator("#dock .writer")).to_be_visible()


def test_it_opens_the_folders_to_move_to(alice, open_page):
    three(alice)
    mailboxes.create(account_id=alice.pk, path="House")
    page = open_page(alice)
    page.locator(".row .go").first.click()
    expect(page.locator("#reading h1")).to_have_text("One")
    page.keyboard.press("v")
    expect(page.locator("#tools .menu")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#tools .menu")).to_be_hidden()


def test_it_has_one_tab_stop_in_the_list_and_shows_where_one_is(alice, open_page):
    three(alice)
    page = open_page(alice)
    expect(page.locator(".rows [tabindex='0']")).to_have_count(1)
    page.locator(".search input").focus()
    for _ in range(2):
        page.keyboard.press("Tab")
    assert focused(page) == "One"
    outline = page.evaluate("getComputedStyle(document.activeElement.closest('.row')).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Tab")
    assert focused(page) == "", "the next stop is behind the list"


def test_it_skips_to_the_content(alice, open_page):
    three(alice)
    page = open_page(alice)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    expect(page.locator(".skip")).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#main$"))
