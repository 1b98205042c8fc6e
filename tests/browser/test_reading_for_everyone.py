"""What holds for every page of the reader: no fault for axe, nothing cut off, nothing that jumps."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from mailserver.mail.spam.judgement import Reason
from mailserver.services import mailboxes, messages
from mailserver.services.inbound import Incoming
from mailserver.services.recipients import Local
from mailserver.store.models import Account, Label
from mailserver.store.models.mailbox import Flag
from tests.browser.accessibility import faults, faults_in_all, in_all
from tests.browser.conftest import DESKTOP, PHONE
from tests.support.mail import delivered, message, taken
from tests.webmail.reading import PNG, address, html_message, with_parts

MIDDLE = {"width": 900, "height": 900}
LOOKS = [("light", DESKTOP), ("dark", PHONE), ("light", MIDDLE)]
LONG = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"


@pytest.fixture
def mailbox(alice) -> dict[str, str]:
    """A mailbox with every kind of row and message; the addresses of its pages."""
    mailboxes.create(account_id=alice.pk, path="Crêperie/Suppliers")
    mailboxes.create(account_id=alice.pk, path=LONG)
    long = delivered(alice, sender=f"{LONG} <{'x' * 50}@{'y' * 40}.example>", subject=f"{LONG} {LONG}", body=LONG * 3)
    arabic = delivered(
        alice, sender="مريم الحدّاد <mariam@x.example>", subject="دعوة إلى أسبوع الطهي", body="تحية طيبة\r\n"
    )
    files = delivered(
        alice,
        with_parts(
            ("Content-Type: text/plain", "See https://x.example/ and\r\n> quoted\r\n\r\n-- \r\nBob"),
            (f"Content-Type: application/pdf\r\nContent-Disposition: attachment; filename={LONG}.pdf", "x"),
            (
                "Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n"
                "Content-Disposition: attachment; filename=a.png",
                b64encode(PNG).decode(),
            ),
        ),
    )
    letter = delivered(alice, html_message('<h1>Letter</h1><p>Hello</p><img src="https://x.example/a.png">'))
    first = delivered(alice, message_id="0@x.pt", subject="Night")
    for number in range(1, 6):
        last = delivered(alice, message_id=f"{number}@x.pt", reply_to="0@x.pt", subject="Re: Night")
        messages.set_flags(account_id=alice.pk, mailbox_id=last.mailbox_id, uids=[last.uid], add=Flag.SEEN)
    spam = taken(
        Incoming(
            raw=message(),
            sender="bob@hamburger.edu",
            recipients=(Local(alice.pk, alice.address),),
            found=(Reason("blocklist", 6.5, f"The server that sent it is on the blocklist {LONG}.example."),),
        )
    ).deliveries[0]
    label = Label.objects.create(account=alice, keyword="friends", name="Friends", hue=25)
    messages.set_label(account_id=alice.pk, mailbox_id=first.mailbox_id, uids=[first.uid], label_id=label.pk, on=True)
    messages.set_flags(account_id=alice.pk, mailbox_id=first.mailbox_id, uids=[first.uid], add=Flag.FLAGGED)
    return {
        "inbox": "/",
        "filtered": f"/mail/{first.mailbox_id}/?only=starred",
        "empty": f"/mail/{mailboxes.by_use(alice.pk, 'trash').pk}/",
        "starred": "/starred/",
        "search": "/search/?q=night",
        "nothing found": "/search/?q=nonsense",
        "conversation": address(first),
        "long": address(long),
        "arabic": address(arabic),
        "files": address(files),
        "letter": address(letter),
        "spam": address(spam),
        "source": f"/message/{files.message_id}/source/",
        "folders": "/folders/",
        "new folder": "/folders/new/",
        "account": "/account/",
        "programs": "/account/programs/",
    }


def sideways(page: Page) -> list[str]:
    """What is wider than the window."""
    script = """[...document.querySelectorAll('body, main, .pane, .scroll')].filter(one =>
        one.scrollWidth > one.clientWidth + 1 && one.checkVisibility()).map(one => one.className || one.tagName)"""
    return [f"{page.url} {name}" for name in page.evaluate(script)]


def calm(open_page: Any, account: Account | None, path: str = "/") -> Page:
    return open_page(account, path, bypass_csp=True, reduced_motion="reduce")


def go(page: Page, path: str) -> None:
    page.goto(path)
    page.wait_for_selector("html[data-ready]")


@pytest.mark.slow
def test_it_is_for_everyone(alice, mailbox, open_page):
    page = calm(open_page, alice)
    for path in mailbox.values():
        go(page, path)
        for look in in_all(page, LOOKS):
            assert faults(page) == [], look
            assert sideways(page) == [], look


@pytest.mark.slow
def test_it_is_for_everyone_when_things_are_open(alice, mailbox, open_page):
    page = calm(open_page, alice, mailbox["conversation"])
    for look in in_all(page, LOOKS):
        page.click(".everybody summary")
        assert faults(page) == [], look
        page.click("#tools .move summary")
        assert faults(page) == [], look
        page.keyboard.press("Escape")
        page.keyboard.press("?")
        expect(page.locator("#keys")).to_be_visible()
        assert faults(page) == [], look
        page.keyboard.press("Escape")
        expect(page.locator("#keys")).to_be_hidden()
        page.click(".everybody summary")
    go(page, mailbox["spam"])
    for look in in_all(page, LOOKS):
        page.click(".why summary")
        expect(page.locator(".why li")).to_have_count(1)
        expect(page.locator(".why li")).to_be_visible()
        assert faults(page) == [], look
        assert sideways(page) == [], look
        page.click(".why summary")
    go(page, "/")
    for look in in_all(page, LOOKS):
        page.locator(".row .check").first.check()
        expect(page.locator(".head.bulk")).to_be_visible()
        assert faults(page) == [], look
        page.click(".head.bulk [value=archive]")
        expect(page.locator(".toast").last).to_be_visible()
        assert faults(page) == [], look


@pytest.mark.slow
def test_it_lets_everyone_in(alice, open_page):
    page = calm(open_page, None, "/signin/")
    assert faults_in_all(page, LOOKS) == []
    for look in in_all(page, LOOKS):
        page.goto("/signin/")
        page.fill("[name=address]", "nobody@crepes.fr")
        page.fill("[name=password]", "guess")
        page.click("button")
        expect(page.get_by_role("alert")).to_be_visible()
        assert faults(page) == [], look
    page.goto("/nothing/here/")
    assert faults_in_all(page, LOOKS) == []
    open_page.complaints.clear()


@pytest.mark.slow
def test_it_welcomes_everyone(transactional_db, open_page):
    page = calm(open_page, None, "/welcome/")
    for look in in_all(page, LOOKS):
        assert faults(page) == [], look
        assert sideways(page) == [], look


@pytest.mark.slow
def test_it_is_for_everyone_from_right_to_left_and_with_large_type(alice, mailbox, open_page):
    page = open_page(alice, "/", bypass_csp=True)
    for name in ("inbox", "conversation", "long", "arabic", "files"):
        page.goto(mailbox[name])
        page.wait_for_selector("html[data-ready]")
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert faults(page) == []
        assert sideways(page) == []
        list_at, side_at = (page.locator(part).bounding_box()["x"] for part in ("#list", ".side"))
        assert side_at > list_at, "the sidebar is at the right"
    page = open_page(alice, "/", viewport={"width": 720, "height": 450}, device_scale_factor=2, bypass_csp=True)
    for name in ("inbox", "conversation", "files"):
        page.goto(mailbox[name])
        assert sideways(page) == [], "as wide as a zoom of 200 %"


def test_it_shows_names_whole_in_their_tip(alice, mailbox, open_page):
    page = open_page(alice)
    expect(page.locator(f".nav a[title='{LONG}']")).to_be_visible()
    expect(page.locator(".row .from[title^='Donau']")).to_be_visible()


@pytest.mark.slow
def test_it_does_not_jump(alice, mailbox, open_page):
    script = """() => { window.shifts = 0; new PerformanceObserver(list => {
        for (const one of list.getEntries()) if (!one.hadRecentInput) window.shifts += one.value;
    }).observe({type: 'layout-shift', buffered: true}); }"""
    for viewport in (DESKTOP, PHONE):
        page = open_page(alice, viewport=viewport)
        page.evaluate(script)
        page.wait_for_timeout(300)
        assert page.evaluate("window.shifts") < 0.01
        page.goto(mailbox["files"])
        page.evaluate(script)
        page.wait_for_timeout(300)
        assert page.evaluate("window.shifts") < 0.01


def test_it_moves_nothing_for_those_who_asked_for_calm(alice, mailbox, open_page):
    page = open_page(alice, reduced_motion="reduce")
    page.hover(".row >> nth=0")
    page.click(".row >> nth=0 >> [aria-label=Archive]")
    expect(page.locator(".toast")).to_be_visible()
    assert page.evaluate("document.getAnimations().length") == 0


@pytest.mark.slow
def test_it_has_large_targets_for_fingers(alice, mailbox, open_page):
    page = open_page(alice, mailbox["conversation"], viewport=PHONE, has_touch=True)
    for control in page.locator("#tools .icon-btn:visible, .tabbar a:visible").all():
        box = control.bounding_box()
        assert min(box["width"], box["height"]) >= 44, control.inner_html()
