"""Conversation lists."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import time_machine
from django.test import Client

from mailserver.services import mailboxes, messages, threads
from mailserver.store import summary
from mailserver.store.models import Label, MailboxMessage
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message
from tests.webmail.reading import HTMX, address, box, many, only, page, signed_in, texts, with_parts


def star(place) -> None:
    messages.set_flags(account_id=place.account_id, mailbox_id=place.mailbox_id, uids=[place.uid], add=Flag.FLAGGED)


def test_it_shows_who_wrote_what_and_whether_it_is_unread(alice):
    place = delivered(alice, subject="Crêpe night", body="Saturday at seven it is.\r\n")
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".row .from") == ["Bob"]
    assert texts(tree, ".row .subject") == ["Crêpe night"]
    assert texts(tree, ".row .preview") == ["Saturday at seven it is."]
    assert only(tree, ".row .go").attributes["href"] == address(place)
    assert "unread" in only(tree, ".row").attributes["class"]
    assert texts(tree, "#unread") == ["1 unread"]
    assert texts(tree, "title") == ["(1) Inbox · Correio"]


def test_it_draws_a_conversation_once_with_everybody_in_it(alice):
    delivered(alice, message_id="first@crepes.fr", subject="Crêpe night")
    delivered(alice, reply_to="first@crepes.fr", subject="Re: Crêpe night", sender="Tomás Figueiredo <tomas@x.pt>")
    delivered(alice, reply_to="first@crepes.fr", subject="AW: Re: Crêpe night", sender="Alice <alice@crepes.fr>")
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".row .from") == ["Bob, Tomás, me 3"]
    assert texts(tree, ".row .subject") == ["Crêpe night"]


def test_it_names_the_recipients_in_sent(alice):
    sent = box(alice, "sent")
    raw = message(sender="alice@crepes.fr", to="Bob <bob@hamburger.edu>, Tomás <tomas@x.pt>")
    messages.append(account_id=alice.pk, mailbox_id=sent.pk, raw=raw, flags=Flag.SEEN)
    assert texts(page(signed_in(alice).get(f"/mail/{sent.pk}/")), ".row .from") == ["To: Bob, Tomás"]


@time_machine.travel(datetime(2026, 11, 25, 12, tzinfo=UTC), tick=False)
def test_it_groups_by_days_in_the_readers_time_zone(alice):
    for at in ("2026-11-25T01:00", "2026-11-24T23:30", "2026-11-23T09:00", "2026-11-20T09:00", "2026-10-01T09:00"):
        place = delivered(alice, subject=at)
        MailboxMessage.objects.filter(mailbox_id=place.mailbox_id, uid=place.uid).update(at=f"{at}Z")
    summary.refresh_now(set(MailboxMessage.objects.values_list("thread_id", flat=True)))
    alice.time_zone = "Europe/Paris"
    alice.save()
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".group") == ["Today", "This week", "Last week", "October"]
    assert texts(tree, ".row time") == ["02:00", "00:30", "Mon", "Fri", "1 Oct"]


def test_it_shows_files_and_labels_as_chips(alice):
    raw = with_parts(
        ("Content-Type: application/pdf; name=menu.pdf\r\nContent-Disposition: attachment", "x"),
        ("Content-Type: image/png; name=a.png\r\nContent-Disposition: attachment", "x"),
        ("Content-Type: image/png; name=b.png\r\nContent-Disposition: attachment", "x"),
    )
    place = delivered(alice, raw)
    label = Label.objects.create(account=alice, keyword="friends", name="Friends", hue=25)
    messages.set_label(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], label_id=label.pk, on=True)
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".row .chip") == ["menu.pdf", "2 photos"]
    assert texts(tree, ".row .label") == ["Friends"]
    assert "hue-30" in only(tree, ".row .dot").attributes["class"]


def test_it_goes_on_where_the_page_before_ended(alice):
    many(alice, threads.PAGE + 3)
    browser = signed_in(alice)
    first = page(browser.get("/"))
    older = only(first, ".older").attributes["href"]
    second = page(browser.get(older))
    assert len(texts(first, ".row")) == threads.PAGE
    assert texts(second, ".row .subject") == ["Number 2", "Number 1", "Number 0"]
    assert "That is all" in texts(second, ".foot")[0]
    assert only(second, ".newest a").attributes["href"] == f"/mail/{box(alice).pk}/"
    assert not first.css(".newest")
    rows = browser.get(older, headers=HTMX).content.decode()
    assert rows.lstrip().startswith("<li")
    assert "<html" not in rows
    assert '<li class="group">' not in rows, "the heading stands on the page before"


@pytest.mark.parametrize("cursor", ["x", "1-2-3", "-5", "9" * 30 + "-1", "1-" + "9" * 30])
def test_it_takes_a_damaged_place_as_the_beginning(alice, cursor):
    delivered(alice)
    assert len(texts(page(signed_in(alice).get("/", {"before": cursor})), ".row")) in (0, 1)


def test_it_filters_unread_and_starred(alice):
    first, second = delivered(alice, subject="One"), delivered(alice, subject="Two")
    star(first)
    messages.set_flags(account_id=alice.pk, mailbox_id=first.mailbox_id, uids=[first.uid], add=Flag.SEEN)
    browser, url = signed_in(alice), f"/mail/{second.mailbox_id}/"
    assert texts(page(browser.get(url, {"only": "unseen"})), ".row .subject") == ["Two"]
    assert texts(page(browser.get(url, {"only": "starred"})), ".row .subject") == ["One"]
    assert len(texts(page(browser.get(url, {"only": "nonsense"})), ".row")) == 2


def test_it_lists_stars_of_all_folders_but_spam_and_trash(alice):
    for use in ("inbox", "archive", "junk", "trash"):
        place = delivered(alice, subject=use)
        star(place)
        target = box(alice, use)
        messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=target.pk)
    tree = page(signed_in(alice).get("/starred/"))
    assert texts(tree, ".row .subject") == ["archive", "inbox"]
    assert texts(tree, ".row .label") == ["Archive"]


def test_it_counts_in_the_sidebar(alice):
    delivered(alice)
    mailboxes.create(account_id=alice.pk, path="Crêperie/Suppliers")
    drafts = box(alice, "drafts")
    messages.append(account_id=alice.pk, mailbox_id=drafts.pk, raw=message(), flags=Flag.SEEN | Flag.DRAFT)
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".nav ul:first-child > li") == [
        "Inbox 1", "Starred", "Drafts 1", "Sent", "Archive", "Spam", "Trash",
    ]  # fmt: skip
    assert texts(tree, ".nav .branch > a") == ["Crêperie"]
    assert texts(tree, ".nav details li") == ["Suppliers"]
    assert texts(tree, ".meter")[0].endswith("of 10 GB used")


def test_it_says_something_kind_about_empty_folders(alice):
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".list h2") == ["You have read everything"]
    assert not tree.css("#lines")


def test_it_shows_names_nobody_should_trust_as_they_are(alice):
    delivered(alice, sender='"service@bank.example" <thief@evil.example>', subject="Your \u202ebank<b>")
    tree = page(signed_in(alice).get("/"))
    assert texts(tree, ".row .from") == ["thief@evil.example"]
    assert texts(tree, ".row .subject") == ["Your �bank<b>"]


@pytest.mark.parametrize("number", [3, 60])
def test_it_asks_the_database_the_same_for_any_number_of_rows(alice, number, django_assert_max_num_queries):
    many(alice, number)
    browser = signed_in(alice)
    with django_assert_max_num_queries(8):
        browser.get("/")


def test_it_answers_htmx_with_panes_and_folders(alice):
    delivered(alice)
    text = signed_in(alice).get(f"/mail/{box(alice).pk}/", headers=HTMX).content.decode()
    assert "<html" not in text
    assert '<main class="panes"' in text
    assert '<hx-partial hx-target="#folders"' in text


def test_it_asks_caches_to_look_again(alice):
    response = signed_in(alice).get("/")
    assert set(response.headers["Cache-Control"].split(", ")) == {"private", "no-cache"}
    assert "HX-Request" in response.headers["Vary"]


def test_it_writes_no_style_and_no_script_into_the_page(alice):
    delivered(alice)
    response = signed_in(alice).get("/")
    tree = page(response)
    assert not tree.css("[style]")
    assert [node.attributes.get("type") for node in tree.css("script:not([src])")] == ["importmap"]
    nonce = only(tree, "script[type=importmap]").attributes["nonce"]
    policy = response.headers["Content-Security-Policy"]
    assert f"'nonce-{nonce}'" in policy
    assert "unsafe" not in policy


def test_it_needs_a_session(db, alice):
    assert Client().get("/").status_code == 302
