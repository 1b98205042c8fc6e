"""Sending from the page through our own submission port, and the path that shows it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from mailserver.services import queue_control
from mailserver.store.models import Domain, Mailbox, QueueEntry, QueueRecipient
from tests.browser.conftest import PHONE
from tests.browser.writing import forgive, ready, say
from tests.support.listeners import listening
from tests.support.mail import delivered
from tests.support.travelling import hamburger_edu, worker
from tests.webmail.writing import entries

TO_BOB = "/compose/?to=bob@hamburger.edu&subject=Cr%C3%AApe%20night&body=Seven"


@pytest.fixture
def submission(server, transactional_db) -> Iterator[None]:
    """Our own mail server listens."""
    with listening(server.folder, submission_port=server.submission_port):
        yield


def test_it_sends_with_control_and_enter_and_leads_to_the_path(alice, bob, submission, open_page):
    delivered(alice)
    page = open_page(alice)
    page.click("a.compose-btn")
    ready(page)
    page.keyboard.type("bob@hamburger.edu,")
    page.fill(".writer [name=subject]", "Crêpe night")
    say(page, "Seven it is")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#toasts")).to_contain_text("Sent")
    expect(page.locator(".dock .writer")).to_have_count(0)
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert copy.message.preview == "Seven it is"
    assert entries(alice, Mailbox.Use.DRAFTS) == []
    page.click("#toasts >> text=Path")
    expect(page.locator("#path h1")).to_be_visible()


def test_it_shows_the_message_travel(alice, domains, submission, open_page):
    Domain.objects.filter(name="hamburger.edu").delete()
    page = ready(open_page(alice, TO_BOB))
    page.click("[data-do=send]")
    page.click("#toasts >> text=Path")
    expect(page.locator("#path h1")).to_have_text("It is about to leave.")
    expect(page.locator(".map circle.todo")).to_have_count(3)
    with hamburger_edu(extensions=["STARTTLS"]):
        worker()
    expect(page.locator("#path h1")).to_contain_text("hamburger.edu has taken it")
    expect(page.locator(".map circle.stop")).to_have_count(5)
    expect(page.locator(".talk")).to_contain_text("250 2.0.0 Queued as 7F3A91")
    ours, theirs = (
        page.locator(f".talk li{side} code").first.bounding_box() for side in (":not(.s):not(.pause)", ".s")
    )
    assert ours is not None
    assert theirs is not None
    assert ours["x"] < theirs["x"], "our server speaks on the start side"


@pytest.mark.slow
def test_a_page_left_open_goes_from_waiting_to_delivered(alice, domains, submission, open_page):
    """The page also asks by itself every 30 s, but not here: what changes came by the live stream."""
    Domain.objects.filter(name="hamburger.edu").delete()
    page = ready(open_page(alice, TO_BOB))
    for never in (page.add_init_script, page.evaluate):
        never("window.setInterval = () => 0")
    page.click("[data-do=send]")
    expect(page.locator("#toasts")).to_contain_text("Sent")
    with hamburger_edu(replies={"RCPT": ["451 4.7.1 Greylisted", "250 2.1.5 OK"]}):
        worker()
        page.click("#toasts >> text=Path")
        expect(page.locator("#path h1")).to_contain_text("asked us to come back later")
        expect(page.locator("#path")).to_have_attribute("hx-trigger", re.compile("every 30s"))
        page.click("text=What was said")
        expect(page.locator("#try-1 .talk")).to_be_visible()
        page.evaluate("window.stayed = true")
        QueueRecipient.objects.update(next_attempt_at=timezone.now())
        worker()
        expect(page.locator("#path h1")).to_contain_text("hamburger.edu has taken it")
    expect(page.locator(".map circle.stop")).to_have_count(5)
    expect(page.locator(".tries tbody tr")).to_have_count(2)
    expect(page.locator("#try-1 .talk")).to_be_visible()
    expect(page.locator("#try-2 .talk")).to_be_hidden()
    assert page.evaluate("window.stayed"), "the page was not loaded anew"


@pytest.mark.slow
def test_it_lets_one_stop_a_message_that_waits(alice, domains, submission, open_page):
    Domain.objects.filter(name="hamburger.edu").delete()
    page = ready(open_page(alice, TO_BOB))
    page.click("[data-do=send]")
    expect(page.locator("#toasts")).to_contain_text("Sent")
    with hamburger_edu(replies={"RCPT": "451 4.7.1 Greylisted"}):
        worker()
    page.click("#toasts >> text=Path")
    expect(page.locator(".map circle.slow")).to_have_count(1)
    page.click("text=Stop trying")
    expect(page.locator("#toasts")).to_contain_text("Nobody tries to deliver it any more.")
    assert QueueEntry.objects.get().recipients.get().state == "cancelled"


@pytest.mark.slow
def test_it_brings_what_was_refused_back_into_a_writer(alice, domains, submission, open_page):
    Domain.objects.filter(name="hamburger.edu").delete()
    page = ready(open_page(alice, TO_BOB))
    page.click("[data-do=send]")
    expect(page.locator("#toasts")).to_contain_text("Sent")
    with hamburger_edu(replies={"RCPT": "550 5.1.1 No such user"}):
        worker()
    page.click("#toasts >> text=Path")
    expect(page.locator(".map circle.halt")).to_have_count(1)
    page.click("text=Edit and send again")
    ready(page)
    expect(page.locator(".dock .chip")).to_have_text("bob@hamburger.edu")
    expect(page.locator(".dock [role=textbox]")).to_have_text("Seven")


@pytest.mark.slow
def test_it_says_who_cannot_get_it_and_sends_once_corrected(alice, bob, submission, open_page):
    page = ready(open_page(alice, TO_BOB.replace("bob@", "bobb@")))
    page.click("[data-do=send]")
    expect(page.locator(".notice.bad")).to_contain_text("The message cannot go to bobb@hamburger.edu.")
    expect(page.locator(".bar .state")).to_contain_text("Saved")
    page.click("text=What the server said")
    expect(page.locator(".notice code")).to_contain_text("550 5.1.1")
    forgive(open_page, 422)
    ready(page)
    page.click("[aria-label='Remove bobb@hamburger.edu from To']")
    page.keyboard.type("bob@hamburger.edu,")
    page.click("[data-do=send]")
    expect(page.locator("#toasts")).to_contain_text("Sent")


@pytest.mark.slow
def test_it_asks_when_something_seems_forgotten(alice, bob, submission, open_page):
    page = ready(open_page(alice, TO_BOB.replace("Seven", "The+list+is+attached")))
    page.click("[data-do=send]")
    expect(page.locator(".notice.warn")).to_contain_text("nothing is attached")
    forgive(open_page, 422)
    page.click("text=Send anyway")
    expect(page.locator("#toasts")).to_contain_text("Sent")


def test_it_keeps_the_message_while_the_server_is_away(alice, bob, open_page):
    page = ready(open_page(alice, TO_BOB))
    page.click("[data-do=send]")
    expect(page.locator(".notice.bad")).to_contain_text("The mail server does not answer.")
    forgive(open_page, 422)
    ready(page)
    expect(page.locator(".writer [role=textbox]")).to_have_text("Seven")
    assert len(entries(alice, Mailbox.Use.DRAFTS)) == 1


@pytest.mark.slow
def test_it_waits_for_files_that_are_still_going_up(alice, bob, submission, open_page):
    page = ready(open_page(alice, TO_BOB))
    page.set_input_files("input[type=file]", {"name": "a.bin", "mimeType": "a/b", "buffer": b"x" * 3_000_000})
    page.click("[data-do=send]")
    expect(page.locator("#toasts")).to_contain_text("Sent")
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert [(name, size) for name, _, size, _ in copy.message.attachments] == [("a.bin", 3_000_000)]


def test_it_writes_attaches_and_sends_without_scripts(alice, bob, submission, open_page):
    page = open_page(alice, "/compose/", java_script_enabled=False)
    page.fill("[name=to]", "bob@hamburger.edu")
    page.fill("[name=subject]", "Crêpe night")
    page.fill("[name=text]", "Seven it is")
    page.set_input_files("[name=uploads]", {"name": "menu.txt", "mimeType": "text/plain", "buffer": b"cider"})
    page.click("text=Attach and save")
    expect(page).to_have_url(re.compile(r"/drafts/\d+/$"))
    expect(page.locator(".uploads")).to_contain_text("menu.txt")
    page.press("[name=subject]", "Enter")
    expect(page.locator(".uploads")).to_contain_text("menu.txt")
    assert len(entries(alice, Mailbox.Use.DRAFTS)) == 1, "Enter in a field saves and does not send"
    page.click("button:has-text('Send')")
    expect(page.locator("#toasts")).to_contain_text("Sent")
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert (copy.message.preview, copy.message.attachments[0][0]) == ("Seven it is", "menu.txt")


@pytest.mark.slow
def test_it_shows_the_path_on_a_phone(alice, domains, submission, open_page):
    Domain.objects.filter(name="hamburger.edu").delete()
    page = ready(open_page(alice, TO_BOB, viewport=PHONE, has_touch=True))
    page.tap("[data-do=send]")
    page.tap("#toasts >> text=Path")
    expect(page.locator(".stop-item")).to_have_count(6)
    expect(page.locator(".map")).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    recipient = QueueEntry.objects.get().recipients.get()
    queue_control.hold([recipient.pk], by="post@crepes.fr")
    expect(page.locator("#path h1")).to_contain_text("held", ignore_case=True)
