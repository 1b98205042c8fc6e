"""The pages of imports: nothing wrong for axe, nothing cut off, and they follow what happens."""

from __future__ import annotations

import pytest
from django.db.models import F
from django.utils import timezone
from playwright.sync_api import expect

from mailserver.services import mailboxes
from mailserver.store import bell
from mailserver.store.models import ExternalAccount, ExternalFolder, ExternalMessage
from tests.browser.accessibility import faults, in_all
from tests.browser.conftest import DESKTOP, PHONE
from tests.services.importing import State, added

LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
LOOKS = [("light", DESKTOP), ("dark", PHONE), ("light", {"width": 900, "height": 900})]
FITS = "document.documentElement.scrollWidth <= innerWidth"
PAGE_FITS = "[...document.querySelectorAll('.page')].every(one => one.scrollWidth <= one.clientWidth)"


@pytest.fixture
def row(alice) -> ExternalAccount:
    """An import with everything that can be in a report, and two more."""
    found = added(alice, 993, user=f"{LONG}@old.example")
    inbox = mailboxes.by_use(alice.pk, "inbox")
    now, one, other = timezone.now(), "a" * 64, "b" * 64
    compared = {"compared_at": now, "checksum_there": one}
    rows = [
        ExternalFolder(wire="I", name="INBOX", mailbox=inbox, total=5000, imported=1200, known=30, failed=1),
        ExternalFolder(wire="A", name="Same", mailbox=inbox, checksum_here=one, **compared),
        ExternalFolder(wire="B", name=f"{LONG}/{LONG}", checksum_here=other, gone=3, **compared),
        ExternalFolder(wire="C", name="Locked", error="imap.example.org refuses: You may not read this."),
    ]
    for each in rows:
        each.external = found
    ExternalFolder.objects.bulk_create(rows)
    ExternalMessage.objects.create(folder=rows[0], uidvalidity=1, uid=7, state="failed", reason=f"{LONG} {LONG}")
    for number, values in enumerate(({"state": State.STOPPED, "error": f"Wrong {LONG}."}, {"state": State.DONE})):
        ExternalAccount.objects.filter(pk=added(alice, number + 1).pk).update(**values)
    return found


def test_nothing_is_wrong_with_its_pages(open_page, alice, row):
    page = open_page(alice, "/account/import/", bypass_csp=True, reduced_motion="reduce")
    for path in ("/account/import/", f"/account/import/{row.pk}/"):
        page.goto(path)
        page.wait_for_selector("html[data-ready]")
        for look in in_all(page, LOOKS):
            assert faults(page) == [], look
            assert page.evaluate(FITS), (path, look)
    for look in in_all(page, LOOKS):
        assert page.evaluate(PAGE_FITS), look


def test_a_form_that_was_refused_says_why_at_its_fields(open_page, alice):
    page = open_page(alice, "/account/import/", bypass_csp=True)
    page.fill("[name=host]", "127.0.0.1")
    page.fill("[name=username]", "old")
    page.fill("[name=password]", "kouign-amann")
    page.click("text=Begin the import")
    expect(page.locator("#host-errors")).to_have_text("127.0.0.1 is not on the public internet.")
    expect(page.locator("[name=password]")).to_have_value("")
    assert faults(page) == []
    open_page.complaints.clear()  # the browser's own word for the status 400


def test_the_bar_moves_when_mail_comes(open_page, alice, row):
    page = open_page(alice, f"/account/import/{row.pk}/")
    words = page.locator(".import-head p").first
    expect(words).to_contain_text("1,231 of 5,000 messages")
    ExternalFolder.objects.filter(external=row, wire="I").update(imported=F("imported") + 1000)
    bell.ring(alice.pk, {1: 1})
    expect(words).to_contain_text("2,231 of 5,000 messages")
    page.click("text=Pause")
    expect(page.locator(".import-head p").first).to_contain_text("Paused")
    page.click("text=Go on")
    expect(page.locator("#report button").first).to_have_text("Pause")
