"""axe finds nothing wrong with the queue, its destinations, and an account that was stopped."""

from __future__ import annotations

import dataclasses

import pytest
from playwright.sync_api import expect

from mailserver.conf import Alarm
from mailserver.services import destinations
from mailserver.services.accounts import create_account
from mailserver.store.models import SendingAlarm
from tests.browser.accessibility import faults, faults_in_all, in_all
from tests.services.test_submission import submit
from tests.support.people import PASSWORD
from tests.support.queueing import queued


@pytest.fixture
def paths(alice, bob, settings) -> list[str]:
    """Pages of a queue with a bit of everything in it."""
    settings.CORREIO = dataclasses.replace(settings.CORREIO, sending_alarm=Alarm(recipients=2))
    entry = queued(bob, "dora@outside.example", "carl@example.org", "eve@example.org")
    entry.recipients.filter(address="dora@outside.example").update(
        state="deferred", attempts=3, reply_code=451, reply_enhanced="4.7.1", reply_text="Greylisted, come back later"
    )
    destinations.pause("example.org", by="post@crepes.fr")
    destinations.pause("quiet.example", by="post@crepes.fr")
    submit(alice, to=[f"u{number}@morning.example" for number in range(3)])
    alarm = SendingAlarm.objects.get()
    return [
        "/admin/",
        "/admin/queue/",
        "/admin/queue/?show=held&account=alice@crepes.fr",
        "/admin/queue/?show=deferred&q=nobody",
        "/admin/queue/destinations/",
        f"/admin/queue/{entry.pk}/",
        f"/admin/alarms/{alarm.pk}/",
        f"/admin/store/account/{alice.pk}/change/",
        "/admin/log/",
    ]


@pytest.mark.slow
def test_the_queue_is_steered_by_everyone(paths, alice, open_page):
    administrator = create_account(address="post@crepes.fr", name="Post office", password=PASSWORD, admin=True)
    page = open_page(administrator, "/admin/", bypass_csp=True)
    for path in paths:
        page.goto(path)
        expect(page.locator("h1")).to_have_count(1)
        assert faults_in_all(page) == [], path
    for look in in_all(page):
        page.goto(next(path for path in paths if "/alarms/" in path))
        page.click("button[value=discard]")
        expect(page.locator("h1")).to_have_text("Discard all of it?")
        assert faults(page) == [], look
        page.click("text=Keep it")
    page.click("button[value=release]")
    expect(page.locator("#toasts")).to_contain_text("3 released.")
    for look in in_all(page):
        page.goto("/admin/queue/?domain=outside.example")
        page.check("[name=all]")
        page.click("button[value=cancel]")
        expect(page.locator("h1")).to_have_text("Cancel one message?")
        assert faults(page) == [], look
    page.click("text=Cancel without a word")
    expect(page.locator("#toasts")).to_contain_text("It was cancelled.")
    expect(page.locator("button[name=act]")).to_have_count(0)
    owner = open_page(alice, "/account/", bypass_csp=True)
    assert faults_in_all(owner) == []
