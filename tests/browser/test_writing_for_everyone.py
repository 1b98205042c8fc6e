"""axe finds nothing wrong with the writer, the path and the dashboard, in both themes, on wide and narrow windows.

The policy for styles is set aside, because axe itself writes some to look behind what is covered.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from mailserver.services.accounts import create_account
from mailserver.store.models import Domain
from tests.browser.accessibility import LOOKS, faults, faults_in_all, in_all, put_on
from tests.browser.writing import ready, recipients
from tests.support.mail import delivered
from tests.support.people import PASSWORD
from tests.support.travelling import hamburger_edu, sent, worker

DASHBOARD = (
    "/admin/",
    "/admin/queue/",
    "/admin/queue/?show=returned",
    "/admin/refused/",
    "/admin/tls/",
    "/admin/store/domain/",
    "/admin/store/domain/add/",
    "/admin/store/account/",
    "/admin/store/account/add/",
    "/admin/store/address/",
    "/admin/store/group/",
    "/admin/store/group/add/",
    "/admin/store/forward/",
    "/admin/store/forward/add/",
    "/admin/store/relay/add/",
)


@pytest.mark.slow
def test_it_writes_for_everyone(alice, open_page):
    place = delivered(alice, sender="Bob <bob@hamburger.edu>")
    page = ready(open_page(alice, f"/message/{place.message_id}/reply/", bypass_csp=True))
    page.set_input_files("input[type=file]", {"name": "menu.txt", "mimeType": "text/plain", "buffer": b"cider"})
    expect(page.locator(".uploads .total")).to_be_visible()
    put_on(page, LOOKS[1])
    page.click("[data-do=copies]")
    for look in in_all(page):
        recipients(page, "cc").fill("")
        recipients(page, "cc").press_sequentially("bo")
        expect(page.get_by_role("option")).to_have_count(1)
        assert faults(page) == [], look
        page.keyboard.press("Escape")
        page.click(".quote summary")
        expect(page.locator(".quote pre")).to_be_visible()
        assert faults(page) == [], look
        page.click(".quote summary")


@pytest.mark.slow
def test_it_shows_the_path_to_everyone(alice, domains, open_page):
    Domain.objects.filter(name="hamburger.edu").delete()
    replies = {"RCPT bobb@hamburger.edu": "550 5.1.1 No", "RCPT ana@hamburger.edu": "451 4.7.1 Later"}
    with hamburger_edu(replies=replies, extensions=["STARTTLS"]):
        entry = sent(alice, "bob@hamburger.edu", "bobb@hamburger.edu", "ana@hamburger.edu")
        worker()
    page = open_page(alice, bypass_csp=True)
    for recipient in entry.recipients.all():
        page.goto(f"/message/{entry.sent_copy_id}/path/?to={recipient.pk}")
        page.wait_for_selector("html[data-ready]")
        assert faults_in_all(page) == [], recipient


@pytest.mark.slow
def test_it_administers_for_everyone(alice, domains, open_page):
    administrator = create_account(address="post@crepes.fr", name="Post office", password=PASSWORD, admin=True)
    Domain.objects.filter(name="hamburger.edu").delete()
    with hamburger_edu(replies={"RCPT bobb@hamburger.edu": "550 5.1.1 No", "RCPT": "451 4.7.1 Later"}):
        entry = sent(alice, "bob@hamburger.edu", "bobb@hamburger.edu")
        worker()
    page = open_page(administrator, "/admin/", bypass_csp=True)
    for path in (
        *DASHBOARD,
        f"/admin/queue/{entry.pk}/",
        f"/admin/dns/{domains['crepes.fr'].pk}/",
        f"/admin/store/account/{alice.pk}/change/",
    ):
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        assert faults_in_all(page) == [], path


@pytest.mark.slow
def test_it_ticks_all_that_waits(alice, domains, open_page):
    administrator = create_account(address="post@crepes.fr", password=PASSWORD, admin=True)
    Domain.objects.filter(name="hamburger.edu").delete()
    with hamburger_edu(replies={"RCPT": "451 4.7.1 Later"}):
        sent(alice, "bob@hamburger.edu", "ana@hamburger.edu")
        worker()
    page = open_page(administrator, "/admin/queue/")
    page.check("[aria-label='Select all']")
    page.uncheck("tbody .check >> nth=0")
    assert page.locator("thead .check").evaluate("box => box.indeterminate")
    page.check("[aria-label='Select all']")
    page.click("button[value=hold]")
    expect(page.locator("#toasts")).to_contain_text("2 of 2 put on hold.")
    expect(page.locator("h1")).to_have_text("2 messages are waiting")
    page.click("text=On hold 2")
    page.click("tbody [aria-label=Release] >> nth=0")
    expect(page.locator("tbody tr")).to_have_count(1)
