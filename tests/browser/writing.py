"""What the browser tests of the writer share."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect

TEXT = ".writer [role=textbox]"


def ready(page: Page) -> Page:
    """The page, once the rich text field is there."""
    expect(page.locator(TEXT).last).to_be_visible()
    return page


def recipients(page: Page, field: str = "to") -> Locator:
    """Where one types addresses."""
    return page.locator(f".line[data-field={field}] .chips > input:not([type=hidden])").last


def chips(page: Page, field: str = "to") -> list[str]:
    return page.locator(f".line[data-field={field}] .chip").all_inner_texts()


def say(page: Page, text: str) -> None:
    """Type into the text."""
    page.locator(TEXT).last.click()
    page.keyboard.type(text)


def saved(page: Page) -> None:
    """Wait until the writer has saved by itself."""
    expect(page.locator(".state").last).to_contain_text("Saved")


def forgive(open_page: object, status: int) -> None:
    """The browser's console reports a status as an error that the test asked for."""
    complaints: list[str] = open_page.complaints  # type: ignore[attr-defined]
    assert all(f"status of {status}" in text for text in complaints), complaints
    complaints.clear()
