"""Pages that follow the mailbox by themselves."""

from __future__ import annotations

import re
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect

from mailserver.services import mailboxes, messages
from mailserver.store.models.mailbox import Flag
from tests.browser.conftest import until
from tests.browser.server import session_cookie
from tests.support.mail import delivered
from tests.webmail.reading import address


def listening(page: Page) -> Page:
    """Wait until the page has its stream and has asked once."""
    until(page, "performance.getEntriesByType('resource').some(one => one.name.includes('/changed/'))")
    return page


def test_it_shows_new_mail_without_being_asked(alice, open_page):
    delivered(alice, subject="Old")
    page = listening(open_page(alice))
    delivered(alice, subject="New")
    expect(page.locator(".row .subject").first).to_have_text("New")
    expect(page.locator(".row")).to_have_count(2)
    expect(page.locator("#unread")).to_have_text("2 unread")
    expect(page.locator('[data-place="inbox"] .n')).to_have_text("2")
    expect(page).to_have_title("(2) Inbox · Correio")
    assert page.locator(".group").all_inner_texts() == ["Today"]


def test_it_fills_an_empty_inbox(alice, open_page):
    page = listening(open_page(alice))
    expect(page.locator(".list h2")).to_have_text("You have read everything")
    delivered(alice, subject="First")
    expect(page.locator(".row .subject")).to_have_text("First")
    delivered(alice, subject="Second")
    expect(page.locator(".row")).to_have_count(2)


@pytest.mark.slow
def test_it_does_not_move_what_is_being_read(alice, open_page):
    for number in range(40):
        delivered(alice, subject=f"Number {number}")
    page = listening(open_page(alice))
    page.locator(".row", has_text="Number 15").scroll_into_view_if_needed()
    page.locator(".row .check").nth(24).check()
    before = page.locator(".row", has_text="Number 15").bounding_box()
    delivered(alice, subject="New")
    expect(page.locator(".row")).to_have_count(41)
    assert page.locator(".row", has_text="Number 15").bounding_box() == before
    assert page.locator(".row .check:checked").count() == 1


@pytest.mark.slow
def test_it_keeps_tabs_and_other_programs_in_step(alice, open_page):
    place = delivered(alice, subject="One")
    first = listening(open_page(alice))
    second = listening(open_page(alice))
    first.hover(".row")
    first.click(".row .star")
    expect(second.locator(".row .star")).to_have_attribute("aria-pressed", "true")
    messages.set_flags(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], add=Flag.SEEN)
    for page in (first, second):
        expect(page.locator(".row")).not_to_have_class(re.compile("unread"))
    archive = mailboxes.by_use(alice.pk, "archive")
    messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=archive.pk)
    for page in (first, second):
        expect(page.locator(".list h2")).to_have_text("You have read everything")


@pytest.mark.slow
def test_it_adds_an_answer_to_the_open_conversation(alice, open_page):
    place = delivered(alice, subject="Night", message_id="a@x.pt", body="Coming?\r\n")
    page = listening(open_page(alice, address(place)))
    expect(page.locator(".msg")).to_have_count(1)
    delivered(alice, subject="Re: Night", reply_to="a@x.pt", body="Yes.\r\n")
    expect(page.locator(".msg")).to_have_count(2)
    expect(page.locator(".msg").last).to_contain_text("Yes.")
    expect(page.locator(".row.open .from i")).to_have_text("2")
    expect(page.locator(".row.open")).not_to_have_class(re.compile("unread"))


@pytest.mark.slow
def test_it_follows_the_folder_it_went_to(alice, open_page):
    delivered(alice, subject="Old")
    archive = mailboxes.by_use(alice.pk, "archive")
    page = listening(open_page(alice))
    page.click('[data-place="archive"]')
    expect(page.locator(".list h2")).to_have_text("The archive is empty")
    place = delivered(alice, subject="New")
    expect(page.locator('[data-place="inbox"] .n')).to_have_text("2")
    messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=archive.pk)
    expect(page.locator(".row .subject")).to_have_text("New")


def test_it_holds_many_open_pages_and_still_answers(alice, server, transactional_db):
    cookie = session_cookie(alice)
    headers = {"Cookie": f"{cookie['name']}={cookie['value']}"}
    where = urlsplit(server.url).netloc
    streams = [HTTPConnection(where, timeout=20) for _ in range(40)]
    for stream in streams:
        stream.request("GET", "/live/", headers=headers)
        assert stream.getresponse().read(20).startswith(b"retry: 2000")
    page = HTTPConnection(where, timeout=10)
    page.request("GET", "/", headers=headers)
    response = page.getresponse()
    assert response.status == 200, "the pool has fewer connections than there are streams"
    response.read()
    for connection in (*streams, page):
        connection.close()
