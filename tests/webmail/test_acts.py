"""What a reader does with conversations, with and without scripts, and taking it back."""

from __future__ import annotations

import pytest

from mailserver.services import mailboxes, messages
from mailserver.store.models import MailboxMessage, UndoStep
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered
from tests.webmail.reading import HTMX, address, box, line, page, signed_in, texts


def where(account, place) -> list[str]:
    found = MailboxMessage.objects.filter(account_id=account.pk, message_id=place.message_id)
    return list(found.values_list("mailbox__special_use", flat=True))


def flags(place) -> int:
    return MailboxMessage.objects.get(message_id=place.message_id).flags


@pytest.mark.parametrize(
    ("act", "target", "said"),
    [
        ("archive", "archive", "Archived the conversation"),
        ("delete", "trash", "Moved the conversation to Trash"),
        ("spam", "junk", "Reported the conversation as spam"),
    ],
)
def test_it_moves_the_conversation_and_can_bring_it_back(alice, act, target, said):
    place, browser = delivered(alice), signed_in(alice)
    response = browser.post("/act/", {"one": f"{act} {line(place)}", "next": "/"}, follow=True)
    assert response.redirect_chain == [("/", 302)]
    assert texts(page(response), ".toast > span") == [said]
    assert where(alice, place) == [target]
    undo = page(response).css_first(".toast form").attributes["action"]
    browser.post(undo, {"next": "/"})
    assert where(alice, place) == ["inbox"]
    assert browser.post(undo).status_code == 404, "only once"


@pytest.mark.parametrize(("use", "act"), [("junk", "notspam"), ("trash", "restore")])
def test_it_takes_conversations_out_of_spam_and_trash(alice, use, act):
    place = delivered(alice)
    messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=box(alice, use).pk)
    key = line(place).replace(f"{place.mailbox_id}-", f"{box(alice, use).pk}-")
    signed_in(alice).post("/act/", {"one": f"{act} {key}"})
    assert where(alice, place) == ["inbox"]


def test_it_moves_what_is_ticked_to_a_folder(alice):
    first, second, third = (delivered(alice, subject=str(number)) for number in range(3))
    house = mailboxes.create(account_id=alice.pk, path="House")
    signed_in(alice).post("/act/", {"do": f"move {house.pk}", "line": [line(first), line(second)]})
    found = MailboxMessage.objects.filter(mailbox=house).values_list("message_id", flat=True)
    assert set(found) == {first.message_id, second.message_id}
    assert where(alice, third) == ["inbox"]
    assert UndoStep.objects.get().title == "Moved 2 conversations to House"


def test_it_marks_read_and_unread(alice):
    delivered(alice, message_id="a@x.pt")
    last, browser = delivered(alice, reply_to="a@x.pt", subject="Re: Crêpe night"), signed_in(alice)
    browser.post("/act/", {"one": f"read {line(last)}"})
    assert box(alice).unseen == 0
    browser.post("/act/", {"one": f"unread {line(last)}"})
    assert box(alice).unseen == 1, "the newest alone"
    assert not flags(last) & Flag.SEEN
    browser.post(f"/undo/{UndoStep.objects.latest('at').pk}/")
    assert box(alice).unseen == 0


def test_it_stars_the_newest_message_and_unstars_all(alice):
    first = delivered(alice, message_id="a@x.pt")
    last, browser = delivered(alice, reply_to="a@x.pt", subject="Re: Crêpe night"), signed_in(alice)
    browser.post("/act/", {"one": f"star {line(last)}"})
    assert (flags(first) & Flag.FLAGGED, flags(last) & Flag.FLAGGED) == (0, Flag.FLAGGED)
    browser.post(f"/message/{first.message_id}/star/", {"on": "1"})
    assert flags(first) & Flag.FLAGGED
    browser.post("/act/", {"one": f"unstar {line(last)}"})
    assert not (flags(first) | flags(last)) & Flag.FLAGGED


def test_it_asks_before_it_deletes_for_good(alice):
    place, browser = delivered(alice), signed_in(alice)
    messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=box(alice, "trash").pk)
    key = line(place).replace(f"{place.mailbox_id}-", f"{box(alice, 'trash').pk}-")
    asked = page(browser.post("/act/", {"one": f"erase {key}", "next": f"/mail/{box(alice, 'trash').pk}/"}))
    assert texts(asked, "h1") == ["Delete the conversation for good?"]
    assert where(alice, place) == ["trash"]
    form = {node.attributes["name"]: node.attributes["value"] for node in asked.css("main input")}
    browser.post("/act/", {**form, "do": "erase"})
    assert where(alice, place) == []
    assert not UndoStep.objects.exists()


def test_it_tells_htmx_what_changed(alice):
    place = delivered(alice)
    response = signed_in(alice).post("/act/", {"one": f"archive {line(place)}"}, headers=HTMX)
    text = response.content.decode()
    assert f'hx-target="#line-{line(place)}" hx-swap="delete"' in text
    assert f'hx-target="[data-mailbox=&quot;{place.mailbox_id}&quot;] &gt; .n"' in text
    assert 'hx-target="#toasts"' in text
    assert "/undo/" in text


def test_it_draws_the_row_anew_after_a_change_of_flags(alice):
    place = delivered(alice)
    text = signed_in(alice).post("/act/", {"one": f"star {line(place)}"}, headers=HTMX).content.decode()
    assert f'hx-target="#line-{line(place)}" hx-swap="outerHTML"' in text
    assert 'aria-pressed="true"' in text


def test_it_marks_read_quietly_from_the_open_conversation(alice):
    place = delivered(alice)
    form = {"do": "read", "line": line(place), "quiet": "1"}
    text = signed_in(alice).post("/act/", form, headers=HTMX).content.decode()
    assert "toast" not in text
    assert box(alice).unseen == 0


def test_it_closes_the_conversation_that_is_moved_away(alice):
    place = delivered(alice)
    form = {"do": "archive", "line": line(place), "reading": "1"}
    text = signed_in(alice).post("/act/", form, headers=HTMX).content.decode()
    assert 'hx-target="#reading"' in text


@pytest.mark.parametrize(
    "form",
    [
        {"one": "explode 1-1"},
        {"one": "archive"},
        {"one": "archive x-1"},
        {"do": "move x", "line": "1-1"},
        {"do": "archive", "line": "1-1-1"},
        {"do": "archive", "line": "9" * 50},
        {},
    ],
)
def test_it_refuses_forms_no_page_of_ours_makes(alice, form):
    assert signed_in(alice).post("/act/", form).status_code == 400


def test_it_asks_for_a_tick_when_there_is_none(alice):
    response = signed_in(alice).post("/act/", {"do": "archive", "next": "/"}, follow=True)
    assert texts(page(response), ".toast > span") == ["Tick a conversation first"]


def test_it_follows_next_on_this_site_only(alice):
    place = delivered(alice)
    response = signed_in(alice).post("/act/", {"one": f"star {line(place)}", "next": "//evil.example"})
    assert response.url == "/"


def test_it_changes_nothing_by_get(alice):
    place, browser = delivered(alice), signed_in(alice)
    assert browser.get(f"/act/?one=archive%20{line(place)}").status_code == 405
    browser.get(address(place))
    assert not flags(place) & Flag.SEEN


def test_it_leaves_the_mail_of_others_alone(alice, charlie):
    place, stranger = delivered(alice), signed_in(charlie)
    for form in (
        {"one": f"archive {line(place)}"},
        {"one": f"star {line(place)}"},
        {"do": "erase", "line": line(place)},
    ):
        assert stranger.post("/act/", {**form, "sure": "1"}).status_code == 404
    mine = mailboxes.create(account_id=charlie.pk, path="Loot")
    assert signed_in(alice).post("/act/", {"one": f"move {mine.pk} {line(place)}"}).status_code == 404
    assert where(alice, place) == ["inbox"]
    assert flags(place) == 0
