"""Reading a conversation."""

from __future__ import annotations

import pytest
from django.utils import timezone

from mailserver.mail.senderauth.results import Dkim, Dmarc, Spf, Verdict
from mailserver.services import mailboxes, messages
from mailserver.services.inbound import Delivery, Incoming, deliver
from mailserver.services.recipients import Local
from mailserver.store.models import Blob, QueueEntry, QueueRecipient
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message
from tests.webmail.reading import HTMX, address, box, html_message, only, page, signed_in, texts, with_parts

INVITATION = """BEGIN:VCALENDAR\r
VERSION:2.0\r
METHOD:REQUEST\r
BEGIN:VEVENT\r
UID:1@crepes.fr\r
SUMMARY:Crêpe night\r
DTSTART:20301128T180000Z\r
DTEND:20301128T220000Z\r
LOCATION:4 rue de la Soif\r
ORGANIZER;CN=Alice:mailto:alice@crepes.fr\r
ATTENDEE;CN=Bob:mailto:bob@hamburger.edu\r
END:VEVENT\r
END:VCALENDAR\r
"""


def read(account, *places) -> None:
    for place in places:
        messages.set_flags(account_id=account.pk, mailbox_id=place.mailbox_id, uids=[place.uid], add=Flag.SEEN)


def conversation(account, number: int) -> list:
    places = [delivered(account, message_id="0@x.pt", body="Number 0\r\n")]
    for index in range(1, number):
        places.append(
            delivered(
                account,
                reply_to="0@x.pt",
                message_id=f"{index}@x.pt",
                body=f"Number {index}\r\n",
                subject="Re: Crêpe night",
            )
        )
    return places


def test_it_shows_name_address_recipients_and_text(alice):
    place = delivered(alice, to="Alice <alice@crepes.fr>, Tomás <tomas@x.pt>", body="Saturday\r\nat seven.\r\n")
    tree = page(signed_in(alice).get(address(place)))
    assert texts(tree, ".thread h1") == ["Crêpe night"]
    assert texts(tree, ".msg .who strong") == ["Bob"]
    assert texts(tree, ".msg .addr") == ["bob@hamburger.edu"]
    assert texts(tree, ".everybody summary") == ["to Tomás and you"]
    assert only(tree, ".body .run").text() == "Saturday\nat seven."
    assert texts(tree, "title") == ["(1) Crêpe night · Correio"]
    assert only(tree, ".row").attributes["aria-current"] == "true"


def test_it_opens_the_unread_and_the_newest_and_folds_the_rest(alice):
    places = conversation(alice, 6)
    read(alice, *places)
    messages.set_flags(account_id=alice.pk, mailbox_id=places[4].mailbox_id, uids=[places[4].uid], remove=Flag.SEEN)
    tree = page(signed_in(alice).get(address(places[0])))
    assert texts(tree, ".msg:not(.folded) .run") == ["Number 4", "Number 5"]
    assert texts(tree, "#cards > .msg.folded .clip") == ["Number 0", "Number 3"]
    assert texts(tree, ".earlier summary") == ["2 more messages from Bob"]
    assert texts(tree, ".earlier .clip") == ["Number 1", "Number 2"]


def test_it_unfolds_a_message_with_and_without_scripts(alice):
    places, browser = conversation(alice, 3), signed_in(alice)
    read(alice, *places)
    tree = page(browser.get(address(places[0])))
    folded = tree.css(".msg.folded .unfold")[0]
    plain = page(browser.get(address(places[0]) + folded.attributes["href"].partition("#")[0]))
    assert texts(plain, ".msg:not(.folded) .run") == ["Number 0", "Number 2"]
    card = browser.get(folded.attributes["hx-get"], headers=HTMX).content.decode()
    assert card.strip().startswith('<article class="msg"')
    assert "Number 0" in card


def test_it_folds_quotes_and_sets_signatures_back(alice):
    body = "Yes.\r\n\r\nOn Sunday, Alice wrote:\r\n> Coming?\r\n\r\n-- \r\nBob\r\n"
    tree = page(signed_in(alice).get(address(delivered(alice, body=body))))
    assert texts(tree, ".body details .quoted") == ["On Sunday, Alice wrote: Coming?"]
    assert texts(tree, ".body .sig") == ["Bob"]


def test_it_escapes_text(alice):
    tree = page(signed_in(alice).get(address(delivered(alice, body="<script>alert(1)</script> a&b\r\n"))))
    assert only(tree, ".body .run").text() == "<script>alert(1)</script> a&b"
    assert not tree.css(".body script")


def test_it_marks_read_by_a_form_only(alice):
    place, browser = delivered(alice), signed_in(alice)
    tree = page(browser.get(address(place)))
    assert box(alice).unseen == 1
    form = only(tree, ".mark-read")
    assert form.attributes["hx-trigger"].startswith("load")
    fields = {node.attributes["name"]: node.attributes.get("value", "") for node in form.css("input")}
    assert browser.post(form.attributes["action"], fields).url == address(place)
    assert box(alice).unseen == 0
    assert not page(browser.get(address(place))).css(".mark-read")


def test_it_includes_ones_own_replies_with_the_way_they_took(alice):
    place = delivered(alice, message_id="a@x.pt")
    raw = message(
        sender="Alice <alice@crepes.fr>", to="bob@hamburger.edu", reply_to="a@x.pt", subject="Re: Crêpe night"
    )
    sent = messages.append(account_id=alice.pk, mailbox_id=box(alice, "sent").pk, raw=raw, flags=Flag.SEEN)
    browser = signed_in(alice)
    assert not page(browser.get(address(place))).css(".trip")
    entry = QueueEntry.objects.create(
        reference="R", account=alice, blob=Blob.objects.latest("pk"), sent_copy_id=sent.message_id, size=1,
        not_before=timezone.now(),
    )  # fmt: skip
    states = QueueRecipient.State
    recipient = QueueRecipient.objects.create(
        entry=entry, address="bob@hamburger.edu", domain="hamburger.edu", next_attempt_at=timezone.now()
    )
    seen = {}
    for state in (states.QUEUED, states.DEFERRED, states.DELIVERED, states.BOUNCED):
        QueueRecipient.objects.filter(pk=recipient.pk).update(state=state)
        tree = page(browser.get(address(place)))
        seen[state] = only(tree, ".trip").attributes["aria-label"], len(tree.css(".trip i:not([class])"))
    assert seen == {
        "queued": ("Under way", 3),
        "deferred": ("Waiting to be tried again", 3),
        "delivered": ("Delivered", 5),
        "bounced": ("Returned", 3),
    }
    assert texts(tree, ".msg strong") == ["Bob", "You"]


def test_it_leads_drafts_to_the_writer(alice):
    place = delivered(alice, message_id="a@x.pt")
    raw = message(sender="alice@crepes.fr", reply_to="a@x.pt", subject="Re: Crêpe night", body="I begin\r\n")
    draft = messages.append(
        account_id=alice.pk, mailbox_id=box(alice, "drafts").pk, raw=raw, flags=Flag.SEEN | Flag.DRAFT
    )
    tree = page(signed_in(alice).get(address(place)))
    assert texts(tree, ".msg.folded strong") == ["Draft"]
    assert only(tree, ".msg.folded .unfold").attributes["href"] == f"/drafts/{draft.message_id}/"
    assert f"/message/{place.message_id}/reply/" in only(tree, "#answer .grow").attributes["href"], "not the draft"


def test_it_shows_an_invitation(alice):
    raw = with_parts(("Content-Type: text/plain", "Come!"), ("Content-Type: text/calendar; charset=utf-8", INVITATION))
    alice.time_zone = "Europe/Paris"
    alice.save()
    tree = page(signed_in(alice).get(address(delivered(alice, raw))))
    assert texts(tree, ".invite h2") == ["Crêpe night"]
    assert texts(tree, ".invite dd") == [
        "Thursday 28 November 2030, 19:00 to 23:00",
        "4 rue de la Soif",
        "Alice invites Bob",
    ]


def test_it_shows_html_in_a_frame_that_can_do_nothing(alice):
    place = delivered(alice, html_message("<p>Hello <script>alert(1)</script></p>"))
    frame = only(page(signed_in(alice).get(address(place))), "iframe")
    assert frame.attributes["sandbox"] == "allow-popups allow-popups-to-escape-sandbox"
    assert frame.attributes["src"] == f"/message/{place.message_id}/frame/"
    assert int(frame.attributes["height"]) > 40


def test_it_offers_pictures_from_elsewhere_instead_of_fetching_them(alice):
    place, browser = delivered(alice, html_message('<p>Hi</p><img src="https://x.example/a.png">')), signed_in(alice)
    tree = page(browser.get(address(place)))
    show = only(tree, ".notice.remote a")
    shown = page(browser.get(address(place) + show.attributes["href"].partition("#")[0]))
    assert not shown.css(".notice.remote")
    assert only(shown, "iframe").attributes["src"].endswith("?images=1")


def test_it_has_buttons_for_the_folder_it_is_in(alice):
    place, browser = delivered(alice), signed_in(alice)
    tools = [node.attributes["value"] for node in page(browser.get(address(place))).css("#tools > button")]
    assert tools == ["archive", "delete", "spam", "unread"]
    trash = box(alice, "trash")
    messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=trash.pk)
    response = browser.get(address(place), follow=True)
    assert response.redirect_chain == [(address(place).replace(f"/{place.mailbox_id}/", f"/{trash.pk}/", 1), 302)]
    tools = [node.attributes["value"] for node in page(response).css("#tools > button")]
    assert tools == ["restore", "erase", "unread"]


def test_it_leads_to_the_newer_and_the_older_conversation(alice):
    first, second, third = (delivered(alice, subject=str(number)) for number in range(3))
    links = page(signed_in(alice).get(address(second))).css("#tools a[hx-get]")
    assert [link.attributes["href"] for link in links] == [address(third), address(first)]


def test_it_shows_a_conversation_far_down_with_the_list_around_it(alice):
    deep = delivered(alice, subject="Deep")
    for number in range(60):
        delivered(alice, subject=str(number))
    tree = page(signed_in(alice).get(address(deep)))
    assert texts(tree, ".row.open .subject") == ["Deep"]


@pytest.mark.parametrize("number", [2, 30])
def test_it_asks_the_database_the_same_for_any_length(alice, number, django_assert_max_num_queries):
    places = conversation(alice, number)
    read(alice, *places)
    browser = signed_in(alice)
    with django_assert_max_num_queries(19):
        browser.get(address(places[0]))


def test_it_answers_htmx_with_the_reading_pane(alice):
    text = signed_in(alice).get(address(delivered(alice)), headers=HTMX).content.decode()
    assert "<html" not in text
    assert 'id="reading"' in text
    assert 'id="list"' not in text


def test_it_hides_conversations_of_others(alice, charlie):
    place, stranger = delivered(alice), signed_in(charlie)
    assert stranger.get(address(place)).status_code == 404
    own = mailboxes.by_use(charlie.pk, "inbox")
    assert stranger.get(f"/mail/{own.pk}/{address(place).split('/')[3]}/").status_code == 404


def checked(account, *, dmarc: str) -> Delivery:
    verdict = Verdict(
        "198.51.100.25",
        Spf("pass", "hamburger.edu"),
        (Dkim("pass", "hamburger.edu"),),
        Dmarc(dmarc, "bank.example"),
        "pass",
    )
    people = (Local(account.pk, account.address),)
    return deliver(Incoming(raw=message(), sender="bob@hamburger.edu", recipients=people, verdict=verdict)).deliveries[
        0
    ]


def test_it_tells_how_the_sender_was_checked(alice):
    tree = page(signed_in(alice).get(address(checked(alice, dmarc="pass"))))
    assert "The server may send for hamburger.edu (SPF)" in only(tree, ".everybody .pop").text()
    assert not texts(tree, ".msg .notice")


def test_it_warns_of_mail_that_may_be_forged(alice):
    tree = page(signed_in(alice).get(address(checked(alice, dmarc="fail"))))
    assert only(tree, ".msg .notice.warn").text().strip().startswith("This may not be from bank.example")
