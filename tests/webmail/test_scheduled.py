"""Send taken back, and mail that waits for its hour, through the real submission port."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from mailserver.services import drafts, queue, timeline
from mailserver.store.models import Account, Mailbox, QueueEntry, QueueRecipient
from tests.webmail.test_sending import HTMX, ports, send
from tests.webmail.writing import drafts_of, entries, fields, signed_in

assert ports  # a fixture

State = QueueRecipient.State


@pytest.fixture
def browser(alice, ports, settings):
    settings.CORREIO = replace(settings.CORREIO, undo_send=10)
    return signed_in(alice)


def states() -> set[str]:
    return set(QueueRecipient.objects.values_list("state", flat=True))


def test_send_waits_for_an_undo_that_brings_everything_back(alice, browser):
    file = SimpleUploadedFile("menü.txt", b"cider", content_type="text/plain")
    page = browser.post("/compose/send/", fields(bcc="secret@serralves.pt", uploads=file), headers=HTMX)
    entry = QueueEntry.objects.get()
    assert f'action="/unsend/{entry.reference}/"' in page.content.decode()
    assert timedelta(seconds=5) < entry.not_before - timezone.now() <= timedelta(seconds=10)
    assert queue.claim("hamburger.edu") == []

    answer = browser.post(f"/unsend/{entry.reference}/", headers=HTMX)
    (draft,) = drafts_of(alice)
    assert answer.headers["HX-Redirect"] == f"/drafts/{draft.message_id}/"
    assert entries(alice, Mailbox.Use.SENT) == []
    assert states() == {State.CANCELLED}
    writing = drafts.load(account_id=alice.pk, message_id=draft.message_id).writing
    assert [person.address for person in writing.bcc] == ["secret@serralves.pt"]
    assert (writing.subject, writing.text, len(writing.kept)) == ("Crêpe night", "Saturday at seven?", 1)

    # Sent once more, it is a message of its own, about which the one taken back says nothing.
    send(browser, draft=draft.message_id)
    (copy,) = entries(alice, Mailbox.Use.SENT)
    assert [way.state for way in timeline.path_of(alice.pk, copy.message_id).ways] == ["leaving"]


def test_undo_works_without_scripts(alice, browser):
    page = browser.post("/compose/send/", fields(), follow=True).content.decode()
    url = f"/unsend/{QueueEntry.objects.get().reference}/"
    assert f'action="{url}"' in page
    assert f'action="{url}"' in browser.get(url).content.decode()
    assert browser.post(url).headers["Location"].startswith("/drafts/")


@pytest.mark.parametrize("state", [State.DELIVERING, State.DELIVERED, State.DEFERRED])
def test_it_tells_honestly_that_it_is_too_late(alice, browser, state):
    send(browser)
    QueueRecipient.objects.update(state=state)
    page = browser.post(f"/unsend/{QueueEntry.objects.get().reference}/", follow=True).content.decode()
    assert "It has left already." in page
    assert len(entries(alice, Mailbox.Use.SENT)) == 1
    assert states() == {state}


def test_only_its_author_takes_it_back(charlie, browser):
    send(browser)
    entry = QueueEntry.objects.get()
    stranger = signed_in(charlie)
    assert stranger.post(f"/unsend/{entry.reference}/").status_code == 404
    assert stranger.post(f"/scheduled/{entry.pk}/", {"act": "cancel"}).status_code == 404
    assert states() == {State.QUEUED}


def test_an_account_has_its_own_pause(alice, browser):
    Account.objects.filter(pk=alice.pk).update(undo_send=0)
    alice.refresh_from_db()
    page = signed_in(alice).post("/compose/send/", fields(), headers=HTMX).content.decode()
    assert "unsend" not in page
    assert len(queue.claim("hamburger.edu")) == 1


def test_it_is_set_on_the_account_page(alice):
    browser = signed_in(alice)
    given = {"name": "Alice", "theme": "light", "density": "compact", "time_zone": "UTC", "undo_send": "20"}
    assert browser.post("/account/", given).status_code == 302
    alice.refresh_from_db()
    assert alice.undo_send == 20
    assert '<option value="20" selected>' in browser.get("/account/").content.decode()
    assert browser.post("/account/", given | {"undo_send": "7"}).status_code == 400
    browser.post("/account/", given | {"undo_send": ""})
    alice.refresh_from_db()
    assert alice.undo_send is None


@pytest.mark.parametrize(("choice", "weekday"), [("tomorrow", None), ("monday", 0)])
def test_it_waits_until_the_morning_of_its_author(alice, browser, choice, weekday):
    Account.objects.filter(pk=alice.pk).update(time_zone="Pacific/Auckland")
    send(browser, later=choice)
    with timezone.override("Pacific/Auckland"):
        local, now = timezone.localtime(QueueEntry.objects.get().not_before), timezone.localtime()
    assert (local.hour, local.minute) == (8, 0)
    assert local > now
    assert local.weekday() == ((now.weekday() + 1) % 7 if weekday is None else weekday)


def test_it_waits_for_any_moment_of_a_year(alice, browser):
    moment = timezone.now().replace(year=timezone.now().year + 1, month=1, day=1, hour=9, minute=30)
    page = browser.post("/compose/send/", fields(later="at", later_at=f"{moment:%Y-%m-%dT%H:%M}"), headers=HTMX)
    assert f"Leaves {moment:%A}, 1 January at 09:30" in page.content.decode()
    listed = browser.get("/scheduled/").content.decode()
    assert "Crêpe night" in listed
    assert 'data-place="scheduled"' in browser.get("/").content.decode()


@pytest.mark.parametrize("given", ["", "yesterday", "2001-01-01T00:00", "2999-01-01T00:00"])
def test_it_keeps_the_writer_open_when_the_moment_is_none(alice, browser, given):
    answer = browser.post("/compose/send/", fields(later="at", later_at=given))
    assert answer.status_code == 422
    assert QueueEntry.objects.count() == 0
    assert "Saturday at seven?" in answer.content.decode()


def test_a_question_in_between_keeps_the_moment(alice, browser):
    page = send(browser, subject="", later="monday").content.decode()
    assert 'name="confirmed" value="monday"' in page
    send(browser, subject="", confirmed="monday")
    assert QueueEntry.objects.get().not_before > timezone.now() + timedelta(minutes=1)


def test_what_waits_can_be_moved_sent_written_on_and_given_up(alice, browser):
    for _ in range(4):
        send(browser, later="monday")
    first, second, third, fourth = (entry.pk for entry in QueueEntry.objects.order_by("pk"))
    moment = timezone.now() + timedelta(days=2)
    browser.post(f"/scheduled/{first}/", {"act": "move", "later_at": f"{moment:%Y-%m-%dT%H:%M}"})
    assert abs(QueueEntry.objects.get(pk=first).not_before - moment) < timedelta(minutes=1)
    browser.post(f"/scheduled/{second}/", {"act": "now"})
    assert len(queue.claim("hamburger.edu")) == 1
    assert browser.post(f"/scheduled/{third}/", {"act": "edit"}).headers["Location"].startswith("/drafts/")
    browser.post(f"/scheduled/{fourth}/", {"act": "cancel"})
    assert [str(row) for row in QueueRecipient.objects.order_by("entry_id")] == [
        "bob@hamburger.edu (queued)",
        "bob@hamburger.edu (delivering)",
        "bob@hamburger.edu (cancelled)",
        "bob@hamburger.edu (cancelled)",
    ]
    assert (
        "That moment is over."
        in browser.post(
            f"/scheduled/{first}/", {"act": "move", "later_at": "2001-01-01T00:00"}, follow=True
        ).content.decode()
    )
    assert browser.post(f"/scheduled/{first}/", {"act": "explode"}).status_code == 404


def test_the_page_says_when_nothing_waits(alice):
    page = signed_in(alice).get("/scheduled/").content.decode()
    assert "Nothing is waiting to be sent." in page
