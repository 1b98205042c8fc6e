"""The page hears that a sent message came back, and what it says of it can be read by everybody."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from mailserver.mail import dsn
from mailserver.mail.dsn import Failure
from mailserver.services.inbound import Incoming, deliver
from mailserver.services.recipients import Local
from mailserver.store.models import Account, QueueEntry, Suppression
from tests.browser.accessibility import faults_in_all
from tests.browser.test_live import listening
from tests.support.queueing import queued
from tests.webmail.reading import box

BOB = "bob@hamburger.edu"


@pytest.fixture
def entry(alice) -> QueueEntry:
    """Alice's message, which the server of hamburger.edu has taken."""
    made = queued(alice, BOB, sent_copy=True, subject="Crepe night")
    made.recipients.update(state="delivered", finished_at=timezone.now())
    return made


def come_back(alice: Account, entry: QueueEntry) -> None:
    said = {"status": "5.1.1", "diagnostic": "smtp; 550 5.1.1 No such user", "remote": "mail.hamburger.edu"}
    raw = dsn.build(
        original=bytes(entry.blob.raw),
        sender=alice.address,
        failures=[Failure(BOB, **said)],
        reporting_mta="mail.hamburger.edu",
        message_id="report@hamburger.edu",
        date=timezone.now(),
    )
    deliver(Incoming(raw=raw, sender="", recipients=(Local(alice.pk, alice.address),)))


@pytest.mark.slow
def test_the_open_conversation_says_that_the_message_came_back(alice, entry, open_page):
    sent = box(alice, "sent")
    page = listening(open_page(alice, f"/mail/{sent.pk}/{entry.sent_copy.thread_id}/"))
    expect(page.locator(".undelivered .notice")).to_have_count(0)
    come_back(alice, entry)
    expect(page.locator(".undelivered .notice")).to_contain_text(f"Not delivered to {BOB}. The mailbox does not exist.")
    expect(page.locator(".row .badge.bad")).to_have_text("Not delivered")
    expect(page.locator(".way").first).to_have_attribute("title", "Returned. See the path")


@pytest.mark.slow
def test_everybody_can_read_it(alice, entry, open_page):
    come_back(alice, entry)
    now = timezone.now()
    said = {"status": "5.1.1", "reason": "550 5.1.1 No such user"}
    Suppression.objects.create(account=alice, address="eve@mill.pt", failures=2, last_at=now, since=now, **said)
    alice.is_staff = True
    alice.save()
    sent = box(alice, "sent")
    page = open_page(alice, f"/mail/{sent.pk}/", bypass_csp=True)
    for path in (
        f"/mail/{sent.pk}/",
        f"/mail/{sent.pk}/{entry.sent_copy.thread_id}/",
        "/account/failing/",
        "/account/",
        "/admin/failing/",
    ):
        page.goto(path)
        expect(page.locator("h1").first).to_be_attached()
        assert faults_in_all(page) == []
