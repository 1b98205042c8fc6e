from __future__ import annotations

import pytest

from mailserver.store.models import Event, MailboxMessage, QueueEntry
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.webmail.writing import signed_in

WISH = "Disposition-Notification-To: {}\r\n"


def open_page(account, place) -> str:
    thread = MailboxMessage.objects.get(mailbox_id=place.mailbox_id, uid=place.uid).thread_id
    return signed_in(account).get(f"/mail/{place.mailbox_id}/{thread}/").content.decode()


def flags(place) -> int:
    return MailboxMessage.objects.get(mailbox_id=place.mailbox_id, uid=place.uid).flags


def test_it_asks_the_reader_and_sends_nothing_by_itself(alice):
    place = delivered(alice, extra=WISH.format("bob@hamburger.edu"))
    page = open_page(alice, place)
    assert "asked to be told when you read this." in page
    assert "The receipt would go to" not in page
    assert not QueueEntry.objects.exists()


def test_it_says_where_a_receipt_would_go(alice):
    page = open_page(alice, delivered(alice, extra=WISH.format("spy@elsewhere.example")))
    assert "The receipt would go to spy@elsewhere.example." in page


@pytest.mark.parametrize(("act", "sent"), [("send", 1), ("refuse", 0)])
def test_it_does_what_the_reader_decides_once(alice, bob, act, sent):
    place = delivered(alice, extra=WISH.format("bob@hamburger.edu"))
    browser = signed_in(alice)
    url = f"/message/{place.message_id}/receipt/"
    assert browser.post(url, {"act": act}, headers={"hx-request": "true"}).status_code == 200
    assert flags(place) & Flag.MDN_SENT
    assert Event.objects.filter(kind=Event.Kind.RECEIPT_SENT).count() == sent
    assert "asked to be told" not in open_page(alice, place)
    assert browser.post(url, {"act": "send"}).status_code == 404


def test_it_lets_nobody_else_decide(alice, charlie):
    place = delivered(alice, extra=WISH.format("bob@hamburger.edu"))
    assert signed_in(charlie).post(f"/message/{place.message_id}/receipt/", {"act": "send"}).status_code == 404
    assert flags(place) == 0
