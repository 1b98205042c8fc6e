"""The page that says how to set up mail programs: its buttons copy, also where the clipboard is closed."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import PHONE

COPY = "[aria-label='Copy the user name']"


def test_it_copies_with_the_keyboard(alice, open_page):
    page = open_page(alice, "/account/programs/", permissions=["clipboard-read", "clipboard-write"])
    page.focus(COPY)
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == "alice@crepes.fr"


def test_it_selects_what_it_may_not_copy(alice, open_page):
    page = open_page(alice, "/account/programs/", viewport=PHONE)
    page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.click(COPY)
    expect(page.locator("#toasts")).to_contain_text("Ctrl+C")
    assert page.evaluate("String(getSelection())").strip() == "alice@crepes.fr"


@pytest.mark.slow
def test_it_downloads_the_profile_and_needs_no_script(alice, open_page):
    page = open_page(alice, "/account/programs/", java_script_enabled=False)
    expect(page.locator(COPY)).to_be_hidden()
    with page.expect_download() as download:
        page.get_by_role("link", name="Profile").click()
    assert download.value.suggested_filename == "crepes.fr.mobileconfig"
