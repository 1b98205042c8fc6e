"""What the page says of mail that somebody did not get, and of addresses that fail."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailserver.services import events, suppression
from mailserver.store.models import Suppression
from tests.support.queueing import queued
from tests.webmail.reading import box, page
from tests.webmail.writing import fields, signed_in

BOB = "bob@hamburger.edu"


@pytest.fixture
def entry(alice):
    made = queued(alice, BOB, "carol@hamburger.edu", sent_copy=True, subject="Crepe night")
    made.recipients.update(state="delivered")
    return made


def returned(entry) -> None:
    detail = {"by": "mail.hamburger.edu", "enhanced": "5.1.1", "text": "550 5.1.1 No such user", "report": None}
    about = {"account_id": entry.account_id, "entry_id": entry.pk, "message_id": entry.sent_copy_id}
    events.record("bounced", recipient=BOB, **about, **detail)


def refused(entry) -> None:
    row = entry.recipients.filter(address=BOB)
    row.update(state="bounced", reply_code=550, reply_enhanced="5.1.1", reply_text="No such user")


@pytest.fixture
def places(alice, entry):
    sent = box(alice, "sent")
    return f"/mail/{sent.pk}/", f"/mail/{sent.pk}/{entry.sent_copy.thread_id}/"


@pytest.mark.parametrize("fail", [refused, returned])
def test_the_conversation_and_the_list_say_who_did_not_get_it(alice, entry, places, fail):
    reader = signed_in(alice)
    for url in places:
        assert "Not delivered" not in page(reader.get(url)).text()
    fail(entry)
    listed, shown = (page(reader.get(url)).text() for url in places)
    assert "Not delivered" in listed
    assert "Not delivered to bob@hamburger.edu." in shown
    assert "The mailbox does not exist." in shown
    assert "carol@hamburger.edu." not in shown
    assert ("took the message and returned it later" in shown) is (fail is returned)


def test_an_open_page_hears_of_it(alice, entry, places):
    reader, sent = signed_in(alice), box(alice, "sent")
    question = {"mailbox": sent.pk, "since": sent.highestmodseq}
    assert "Crepe night" not in reader.get("/changed/", question).content.decode()
    returned(entry)
    answer = reader.get("/changed/", question).content.decode()
    assert "Crepe night" in answer
    assert "Not delivered" in answer


@pytest.fixture
def failing(alice) -> Suppression:
    now = timezone.now()
    said = {"status": "5.1.1", "reason": "550 5.1.1 No such user"}
    return Suppression.objects.create(account=alice, address=BOB, failures=2, last_at=now, since=now, **said)


def test_the_writer_warns_and_sends_anyway(alice, failing, monkeypatch):
    writer = signed_in(alice)
    monkeypatch.setattr("webmail.sending.send", lambda **_: "ABC")
    body = fields(sender=alice.address, to=f"Bob <{BOB.upper()}>", subject="Hi", text="Hi")
    asked = writer.post("/compose/send/", body)
    assert asked.status_code == 422
    text = asked.content.decode()
    assert "Mail to bob@hamburger.edu came back 2 times: The mailbox does not exist." in text
    assert "Send anyway" in text
    assert writer.post("/compose/send/", {**body, "confirmed": "1"}).status_code == 302
    assert not Suppression.objects.exists()


def test_the_owner_sees_and_clears_the_list(alice, charlie, failing):
    owner = signed_in(alice)
    text = page(owner.get("/account/failing/")).text()
    assert BOB in text
    assert "The mailbox does not exist." in text
    assert signed_in(charlie).post("/account/failing/", {"remove": failing.pk}).status_code == 404
    assert owner.post("/account/failing/", {"remove": failing.pk}).status_code == 302
    assert "None." in page(owner.get("/account/failing/")).text()
    assert owner.post("/account/failing/", {"remove": "x"}).status_code == 404


def test_what_was_only_counted_is_not_on_the_list(alice, failing):
    Suppression.objects.update(since=None)
    assert BOB not in page(signed_in(alice).get("/account/failing/")).text()
    assert not suppression.active(alice.pk).exists()
