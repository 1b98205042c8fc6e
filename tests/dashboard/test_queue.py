"""The queue and the overview."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from mailserver.store.models import Domain, Event, QueueRecipient
from tests.support.mail import delivered
from tests.support.travelling import sent, travel

LATER = {"RCPT": "451 4.7.1 Greylisted, please try again later"}
REFUSAL = {"RCPT": "550 5.1.1 No such user <b>here</b>"}

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _elsewhere(domains):
    Domain.objects.filter(name="hamburger.edu").delete()


def page(office, path: str, **query: str) -> str:
    answer = office.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_it_says_who_waits_and_why(office, alice):
    travel(alice, replies=LATER)
    text = page(office, "/admin/queue/")
    assert "<h1>One message is waiting</h1>" in text
    assert "bob@hamburger.edu" in text
    assert "451 4.7.1 Greylisted, please try again later" in text
    assert "in 5 min" in text
    assert "Nothing here." in page(office, "/admin/queue/", show="held")
    assert office.get("/admin/queue/", {"show": "everything"}).status_code == 404


def test_it_offers_to_do_nothing_when_nothing_is_there(office, alice):
    acts = ('name="act" value="retry"', 'name="act" value="hold"', 'name="act" value="cancel"')
    empty = page(office, "/admin/queue/")
    assert not any(act in empty for act in acts)
    assert 'value="release"' not in page(office, "/admin/queue/", show="held")
    sent(alice)
    waiting = page(office, "/admin/queue/")
    assert all(act in waiting for act in acts)


@pytest.mark.parametrize("text", ["bob@", "hamburger", "alice@crepes.fr", "reference", "message_id"])
def test_it_finds_a_message_in_the_queue(office, alice, text):
    entry = sent(alice)
    wanted = getattr(entry, text, text)
    assert "bob@hamburger.edu" in page(office, "/admin/queue/", q=wanted)
    assert "Nothing here matches" in page(office, "/admin/queue/", q="x" + wanted)


@pytest.mark.parametrize(("act", "state"), [("retry", "queued"), ("hold", "held")])
def test_it_acts_on_what_waits(office, administrator, alice, act, state):
    recipient = travel(alice, replies=LATER).recipients.get()
    answer = office.post(
        "/admin/queue/act/", {"act": act, "recipient": recipient.pk, "next": "/admin/queue/?show=held"}
    )
    assert answer.headers["Location"] == "/admin/queue/?show=held"
    recipient.refresh_from_db()
    assert recipient.state == state
    assert Event.objects.filter(detail__by=administrator.address).exists()


def test_it_tells_of_one_that_is_on_hold_and_of_several(office, alice):
    rows = sent(alice, "bob@hamburger.edu", "eve@hamburger.edu").recipients
    rows.filter(address="bob@hamburger.edu").update(state="held")
    overview = page(office, "/admin/")
    assert "One message is on hold." in overview
    assert "It waits until somebody releases it." in overview
    rows.update(state="held")
    overview = page(office, "/admin/")
    assert "2 messages are on hold." in overview
    assert "They wait until somebody releases them." in overview


def test_it_says_how_long_is_tried(office, alice, settings):
    sent(alice)
    assert "cannot be delivered within 5 days goes back" in page(office, "/admin/queue/")
    settings.CORREIO = replace(settings.CORREIO, expire_after=timedelta(minutes=10))
    assert "cannot be delivered within 10 minutes goes back" in page(office, "/admin/queue/")


def test_it_releases_with_the_button_of_a_row_and_goes_nowhere_else(office, alice):
    recipient = sent(alice).recipients.get()
    office.post("/admin/queue/act/", {"one": f"hold {recipient.pk}"})
    assert QueueRecipient.objects.get().state == "held"
    answer = office.post("/admin/queue/act/", {"one": f"release {recipient.pk}", "next": "https://evil.example/"})
    assert answer.headers["Location"] == "/admin/queue/"
    assert QueueRecipient.objects.get().state == "queued"
    assert office.post("/admin/queue/act/", {"one": f"bounce {recipient.pk}"}).status_code == 404


def test_it_shows_the_dialogue_of_every_try(office, alice):
    entry = travel(alice, replies=REFUSAL)
    text = page(office, f"/admin/queue/{entry.pk}/")
    assert entry.reference in text
    assert "RCPT TO:&lt;bob@hamburger.edu&gt;" in text
    assert "550 5.1.1 No such user &lt;b&gt;here&lt;/b&gt;" in text
    assert "by a fixed route" in text
    assert office.get(f"/admin/queue/{entry.pk + 100}/").status_code == 404


def test_it_tells_that_all_is_well(office):
    text = page(office, "/admin/")
    assert "<h1>Mail is flowing.</h1>" in text
    assert "Nothing is waiting." in text


def test_it_counts_todays_mail(office, alice):
    delivered(alice)
    delivered(alice)
    travel(alice)
    travel(alice, replies=REFUSAL)
    text = page(office, "/admin/")
    # The bounce of the refused message came in too.
    assert "<dt>Received today</dt><dd>3</dd>" in text
    assert "<dt>Sent today</dt><dd>2</dd>" in text
    assert "<dt>Delivered at first try</dt><dd>100 %</dd>" in text
    assert "The mailbox does not exist." in text
    assert "3 received</title>" in text


def test_it_notices_that_nobody_delivers(office, alice):
    recipient = sent(alice).recipients.get()
    recipient.next_attempt_at -= timedelta(minutes=10)
    recipient.save()
    text = page(office, "/admin/")
    assert "Outgoing mail stands still. One thing wants your eye." in text
    assert "Is the worker running?" in text
