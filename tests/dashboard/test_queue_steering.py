"""Steering the queue: filters, destinations, acts on many, and what asks twice."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from mailserver.services import queue, queue_bulk
from mailserver.store.models import AuditEntry, Event, Message, PausedDestination, QueueRecipient
from tests.support.queueing import queued

pytestmark = pytest.mark.django_db

QUEUE = "/admin/queue/"
ACT = "/admin/queue/act/"


def page(office, path: str = QUEUE, **query: str) -> str:
    answer = office.get(path, query)
    assert answer.status_code == 200
    return answer.content.decode()


def shown(text: str) -> set[str]:
    return set(re.findall(r'aria-label="Select message to ([^"]+)"', text))


def states() -> dict[str, str]:
    return dict(QueueRecipient.objects.values_list("address", "state"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"domain": "outside.example"}, {"dora@outside.example"}),
        ({"sender": "bob@hamburger.edu"}, {"eve@example.org"}),
        ({"account": "alice@crepes.fr"}, {"dora@outside.example", "carl@example.org"}),
        ({"q": "from:alice@crepes.fr at:example.org"}, {"carl@example.org"}),
        ({"q": "at:example.org eve"}, {"eve@example.org"}),
        ({"q": "account:alice@crepes.fr", "show": "held"}, set()),
    ],
)
def test_it_narrows_what_it_shows(office, alice, bob, query, found):
    queued(alice, "dora@outside.example", "carl@example.org")
    queued(bob, "eve@example.org")
    assert shown(page(office, **query)) == found


def test_a_part_that_narrows_can_be_taken_away(office, alice):
    queued(alice, "dora@outside.example")
    text = page(office, q="from:bob@hamburger.edu at:outside.example")
    assert 'href="?show=waiting&amp;domain=outside.example"' in text
    assert "Nothing here matches" in text
    assert 'name="act"' not in text


def test_it_turns_pages_by_the_last_row(office, alice):
    now = timezone.now()
    people = [f"u{number}@outside.example" for number in range(230)]
    entry = queued(alice, *people, at=now)
    ids = list(entry.recipients.values_list("id", flat=True))
    QueueRecipient.objects.filter(id__in=ids[::2]).update(state="held")
    QueueRecipient.objects.filter(id__in=ids[:50]).update(next_attempt_at=now - timedelta(hours=1))
    seen: list[str] = []
    path, pages = QUEUE, 0
    while path:
        text = office.get(path).content.decode()
        seen += re.findall(r'aria-label="Select message to ([^"]+)"', text)
        more = re.search(r'href="(\?[^"]+)">More<', text)
        path, pages = (QUEUE + more[1].replace("&amp;", "&") if more else ""), pages + 1
    assert sorted(seen) == sorted(people)
    assert (pages, set(seen[:50])) == (3, set(people[:50]))
    assert office.get(QUEUE, {"after": "yesterday"}).status_code == 404


def test_what_cannot_be_taken_back_is_asked_for(office, alice):
    row = queued(alice, "dora@outside.example").recipients.get()
    asked = office.post(ACT, {"one": f"cancel {row.pk}", "next": "/admin/queue/?show=held"}).content.decode()
    assert "<h1>Cancel one message?</h1>" in asked
    assert states() == {"dora@outside.example": "queued"}
    assert f'name="recipient" value="{row.pk}"' in asked
    office.post(ACT, {"act": "cancel", "recipient": row.pk, "sure": "quietly"})
    assert states() == {"dora@outside.example": "cancelled"}
    assert not Message.objects.exists()
    assert Event.objects.get(kind="cancelled").detail["by"] == "post@crepes.fr"
    entry = AuditEntry.objects.get()
    assert (entry.by, entry.action, entry.target) == ("post@crepes.fr", "cancel", "dora@outside.example")


def test_senders_are_told_of_what_was_cancelled_when_the_administrator_wants_it(office, alice):
    entry = queued(alice, "dora@outside.example", "carl@example.org")
    ids = list(entry.recipients.values_list("id", flat=True))
    office.post(ACT, {"act": "cancel", "recipient": ids, "sure": "report"})
    assert set(states().values()) == {"cancelled"}
    assert Message.objects.filter(account=alice).count() == 1


def test_it_acts_on_all_that_match_and_on_nothing_else(office, alice, bob, monkeypatch):
    monkeypatch.setattr(queue_bulk, "BATCH", 2)
    queued(alice, *(f"u{number}@outside.example" for number in range(5)), "carl@example.org")
    queued(bob, "eve@example.org")
    asked = office.post(ACT, {"act": "cancel", "all": "1", "domain": "outside.example"}).content.decode()
    assert "<h1>Cancel 5 messages?</h1>" in asked
    office.post(ACT, {"act": "hold", "all": "1", "domain": "outside.example"})
    assert [address for address, state in sorted(states().items()) if state == "queued"] == [
        "carl@example.org",
        "eve@example.org",
    ]
    assert AuditEntry.objects.get().detail == {"changed": 5, "report": False}
    monkeypatch.setattr(queue_bulk, "MOST", 4)
    answer = office.post(ACT, {"act": "release", "all": "1", "show": "held"}, follow=True)
    assert "4 released; there are more." in answer.content.decode()
    assert sorted(states().values()).count("held") == 1


@pytest.mark.parametrize("act", ["hold", "cancel"])
def test_the_statements_of_an_act_do_not_grow_with_it(alice, django_assert_max_num_queries, act):
    for _ in range(4):
        queued(alice, *(f"u{number}@outside.example" for number in range(25)))
    ids = list(QueueRecipient.objects.values_list("id", flat=True))
    with django_assert_max_num_queries(16):
        assert queue_bulk.some(act, ids, by="post@crepes.fr").changed == 100


def test_destinations_are_shown_with_what_waits_there(office, alice):
    late = queued(alice, "dora@outside.example", "dan@outside.example", at=timezone.now() + timedelta(minutes=12))
    late.recipients.filter(address="dora@outside.example").update(
        state="deferred", reply_code=451, reply_enhanced="4.7.1", reply_text="Greylisted"
    )
    queued(alice, "eve@example.org")
    text = page(office, "/admin/queue/destinations/")
    assert text.index("outside.example") < text.index("example.org</b>")
    assert "451 4.7.1 Greylisted" in text
    assert "in 12 min" in text
    assert "example.org</b>" not in page(office, "/admin/queue/destinations/", q="outside")


def test_a_paused_destination_is_not_tried_until_it_is_resumed(office, alice):
    queued(alice, "dora@outside.example")
    queued(alice, "eve@example.org")
    office.post("/admin/queue/pause/", {"domain": "outside.example", "act": "pause"})
    assert PausedDestination.objects.get().by == "post@crepes.fr"
    assert queue.claim("outside.example") == []
    assert queue.sweep() == ["example.org"]
    assert "Paused by post@crepes.fr" in page(office, "/admin/queue/destinations/")
    assert ">paused<" in page(office)
    office.post("/admin/queue/pause/", {"domain": "outside.example", "act": "resume"})
    assert len(queue.claim("outside.example")) == 1
    assert list(AuditEntry.objects.order_by("id").values_list("action", flat=True)) == ["pause", "resume"]
    log = page(office, "/admin/log/")
    assert log.index("resumed mail to") < log.index("paused mail to")
    assert office.post("/admin/queue/pause/", {"domain": "", "act": "pause"}).status_code == 404
    assert office.post("/admin/queue/pause/", {"domain": "x.example", "act": "delete"}).status_code == 404
