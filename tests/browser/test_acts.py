"""Rows that leave at once, selections, undo, and the same without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from mailserver.services import mailboxes, messages
from mailserver.store.models import MailboxMessage
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered


def subjects(page: Page) -> list[str]:
    return page.locator(".row:visible .subject").all_inner_texts()


def places(account) -> dict[str, str]:
    rows = MailboxMessage.objects.filter(account_id=account.pk).select_related("message", "mailbox")
    return {row.message.subject: row.mailbox.special_use or row.mailbox.path for row in rows}


def test_it_archives_from_the_row_and_undoes(alice, open_page):
    delivered(alice, subject="One")
    delivered(alice, subject="Two")
    page = open_page(alice)
    page.hover(".row >> nth=0")
    page.click(".row >> nth=0 >> [aria-label=Archive]")
    expect(page.locator(".toast")).to_contain_text("Archived the conversation")
    assert subjects(page) == ["One"]
    assert places(alice)["Two"] == "archive"
    page.click(".toast button")
    expect(page.locator(".toast")).to_contain_text("Undone")
    expect(page.locator(".row:visible")).to_have_count(2)
    assert subjects(page) == ["Two", "One"]
    assert places(alice)["Two"] == "inbox"


def test_it_brings_a_row_back_when_the_server_does_not_answer(alice, open_page):
    delivered(alice, subject="One")
    delivered(alice, subject="Two")
    page = open_page(alice)
    page.route("**/act/", lambda route: route.abort())
    page.hover(".row >> nth=0")
    page.click(".row >> nth=0 >> [aria-label=Archive]")
    expect(page.locator(".toast")).to_contain_text("Nothing was changed")
    assert subjects(page) == ["Two", "One"]
    open_page.complaints.clear()


def test_it_says_why_the_server_refuses(alice, open_page):
    place = delivered(alice, subject="One")
    page = open_page(alice)
    page.evaluate("document.querySelector('.row [aria-label=Archive]').value = 'archive 999999-1'")
    page.hover(".row")
    page.click(".row [aria-label=Archive]")
    expect(page.locator(".toast")).to_contain_text("There is no such folder.")
    expect(page.locator(f"#line-{place.mailbox_id}-1, .row:visible")).to_have_count(1)
    open_page.complaints.clear()


@pytest.mark.slow
def test_it_replaces_the_head_by_the_bar_for_what_is_ticked(alice, open_page):
    for number in range(4):
        delivered(alice, subject=f"Number {number}")
    house = mailboxes.create(account_id=alice.pk, path="House")
    page = open_page(alice)
    before = page.locator("#lines").bounding_box()
    page.locator(".row .check").nth(0).check()
    bar = page.locator(".head.bulk")
    expect(bar).to_contain_text("1 selected")
    expect(page.locator(".head:not(.bulk)")).to_be_hidden()
    assert page.locator("#lines").bounding_box() == before, "nothing moves"
    page.locator(".row .check").nth(2).click(modifiers=["Shift"])
    expect(bar).to_contain_text("3 selected")
    bar.locator("[data-select-all]").check()
    expect(bar).to_contain_text("4 selected")
    page.locator(".row .check").nth(3).uncheck()
    bar.locator("summary[aria-label=Move]").click()
    bar.get_by_role("button", name="House").click()
    expect(page.locator(".toast")).to_contain_text("Moved 3 conversations to House")
    assert subjects(page) == ["Number 0"]
    expect(bar).to_be_hidden()
    assert MailboxMessage.objects.filter(mailbox=house).count() == 3


def test_it_stars_and_marks_unread_in_place(alice, open_page):
    delivered(alice, subject="One")
    page = open_page(alice)
    page.hover(".row")
    page.click(".row .star")
    expect(page.locator(".row .star")).to_have_attribute("aria-pressed", "true")
    page.hover(".row")
    page.click(".row [aria-label='Mark read']")
    expect(page.locator(".row")).not_to_have_class(re.compile("unread"))
    expect(page.locator("#unread")).to_have_text("")
    row = MailboxMessage.objects.get()
    assert row.flags == Flag.SEEN | Flag.FLAGGED


@pytest.mark.slow
def test_it_goes_back_to_the_list_from_a_conversation_that_left(alice, open_page):
    delivered(alice, subject="One")
    delivered(alice, subject="Two")
    page = open_page(alice)
    page.click(".row .go >> nth=0")
    expect(page.locator("#reading h1")).to_have_text("Two")
    page.click("#tools [value=delete]")
    expect(page.locator("#reading")).to_contain_text("to write")
    # News of its arrival may bring the row back until the answer is there.
    expect(page.locator(".row:visible .subject")).to_have_text(["One"])
    assert places(alice)["Two"] == "trash"
    page.click(".toast button")
    expect(page.locator(".row:visible")).to_have_count(2)


@pytest.mark.slow
def test_it_asks_before_deleting_for_good(alice, open_page):
    place = delivered(alice, subject="One")
    trash = mailboxes.by_use(alice.pk, "trash")
    messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=trash.pk)
    page = open_page(alice, f"/mail/{trash.pk}/")
    page.hover(".row")
    page.click(".row [value^=erase]")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Delete the conversation for good?")
    dialog.get_by_role("button", name="Keep").click()
    expect(dialog).to_have_count(0)
    assert subjects(page) == ["One"]
    page.hover(".row")
    page.click(".row [value^=erase]")
    dialog.get_by_role("button", name="Delete for good").click()
    expect(page.locator(".list h2")).to_have_text("The trash is empty")
    assert not MailboxMessage.objects.exists()


def test_it_works_without_scripts(alice, open_page):
    delivered(alice, subject="One")
    delivered(alice, subject="Two")
    page = open_page(alice, java_script_enabled=False)
    page.click(".row .go >> nth=0")
    expect(page.locator("#reading h1")).to_have_text("Two")
    page.click("text=Mark as read")
    expect(page.locator(".row.unread")).to_have_count(1)
    page.click("#reading .msg .star")
    expect(page.locator("#reading .msg .star")).to_have_attribute("aria-pressed", "true")
    page.click("#tools [value=archive]")
    expect(page.locator(".toast")).to_contain_text("Archived the conversation")
    assert subjects(page) == ["One"]
    page.click(".toast button")
    expect(page.locator(".row .subject")).to_have_text(["Two", "One"])
    page.locator(".row .check").nth(1).check()
    page.click(".head.bulk [value=delete]")
    expect(page.locator(".row .subject")).to_have_text(["Two"])
    assert places(alice) == {"One": "trash", "Two": "inbox"}
    page.fill(".search input", "two")
    page.keyboard.press("Enter")
    expect(page.locator(".head:not(.bulk) h1")).to_have_text("Search")
    expect(page.locator(".row .subject")).to_have_text(["Two"])
