"""The search field."""

from __future__ import annotations

import pytest

from mailserver.errors import SearchTooSlow
from mailserver.services import messages, search, searchindex, searchstages
from mailserver.store.models.mailbox import Flag
from tests.support.mail import delivered, message
from tests.webmail.reading import HTMX, box, page, signed_in, texts


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("night", ["Crêpe night"]),
        ("CRÊPE NIGHT", ["Crêpe night"]),
        ("night tomas", ["Crêpe night"]),
        ("tomas@x.pt", ["Crêpe night"]),
        ("bob", ["Invoice 4821", "Crêpe night"]),
        ("from:bob subject:invoice", ["Invoice 4821"]),
        ("to:tomas", ["Crêpe night"]),
        ("from:tomas", []),
        ('"crêpe night"', ["Crêpe night"]),
        ('"night crêpe"', []),
        ("is:starred", ["Invoice 4821"]),
        ("is:unread bob", ["Crêpe night"]),
        ("%", []),
        ("_", []),
    ],
)
def test_it_finds_by_subject_and_people(alice, typed, found):
    delivered(alice, subject="Crêpe night", to="Alice <alice@crepes.fr>, Tomás <tomas@x.pt>")
    place = delivered(alice, subject="Invoice 4821")
    messages.set_flags(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], add=Flag.FLAGGED | Flag.SEEN)
    tree = page(signed_in(alice).get("/search/", {"q": typed}))
    assert texts(tree, ".row .subject") == found
    assert tree.css_first("input[name=q]").attributes["value"] == typed
    if not found:
        assert texts(tree, ".list h2") == ["Nothing found"]


def test_it_invites_to_type_when_there_are_no_words(alice):
    delivered(alice)
    assert texts(page(signed_in(alice).get("/search/")), ".list h2") == ["Search your mail"]


def test_it_shows_a_conversation_once_and_where_it_came_in(alice):
    delivered(alice, message_id="a@x.pt")
    raw = message(sender="alice@crepes.fr", to="bob@hamburger.edu", reply_to="a@x.pt", subject="Re: Crêpe night")
    messages.append(account_id=alice.pk, mailbox_id=box(alice, "sent").pk, raw=raw, flags=Flag.SEEN)
    tree = page(signed_in(alice).get("/search/", {"q": "crepe"}))
    assert texts(tree, ".row .from") == ["Bob, me 2"]


def test_it_leaves_spam_trash_and_others_alone(alice, charlie):
    delivered(charlie, subject="Crêpe secret")
    for use in ("junk", "trash"):
        place = delivered(alice, subject=f"Crêpe {use}")
        messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=box(alice, use).pk)
    assert not page(signed_in(alice).get("/search/", {"q": "crepe"})).css(".row")


def test_it_goes_on_to_older_results(alice):
    for number in range(53):
        delivered(alice, subject=f"Crêpe {number}")
    browser = signed_in(alice)
    first = page(browser.get("/search/", {"q": "crepe"}))
    second = page(browser.get(first.css_first(".older").attributes["href"]))
    assert texts(second, ".row .subject") == ["Crêpe 2", "Crêpe 1", "Crêpe 0"]


def test_it_finds_words_of_the_text_as_soon_as_it_arrived(alice):
    delivered(alice, subject="Pancakes", body="Buckwheat flour\r\n")
    for indexed in (False, True):
        if indexed:
            searchindex.sweep()
        assert texts(page(signed_in(alice).get("/search/", {"q": "flour"})), ".row .subject") == ["Pancakes"]


@pytest.mark.parametrize(
    "typed", ["a" * 5000, "a " * 5000, '"' * 99, "from:" * 99, "\0a", "':* & !", "日" * 999, "a:1"]
)
def test_it_takes_whatever_is_typed(alice, typed):
    delivered(alice)
    searchindex.sweep()
    page(signed_in(alice).get("/search/", {"q": typed}))


def test_it_says_in_the_list_that_a_search_takes_too_long(alice, monkeypatch):
    def slow(*_: object, **__: object) -> None:
        raise SearchTooSlow("This search takes too long.")

    monkeypatch.setattr(search, "find", slow)
    tree = page(signed_in(alice).get("/search/", {"q": "crepe"}))
    assert texts(tree, ".list h2") == ["This search takes too long"]
    assert tree.css_first("input[name=q]").attributes["value"] == "crepe"
    later = signed_in(alice).get("/search/", {"q": "crepe", "before": "1-1"}, headers=HTMX)
    assert later.status_code == 503
    assert "This search takes too long." in later.content.decode()


def test_it_goes_on_to_older_mail_when_the_newest_has_nothing(alice, monkeypatch):
    for subject in ("Pancakes", "Waffles", "Toast", "Scones"):
        delivered(alice, subject=subject)
    searchindex.sweep()
    slow = "WITH slow AS MATERIALIZED (SELECT pg_sleep(20)), found AS (SELECT 1::bigint AS thread_id FROM slow)"
    monkeypatch.setattr(searchstages, "ASK", slow)
    monkeypatch.setattr(searchstages, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(search, "WALK", 1)
    monkeypatch.setattr(search, "WALK_MOST", 3)
    browser = signed_in(alice)
    tree = page(browser.get("/search/", {"q": "pancakes"}))
    assert texts(tree, ".list h2") == ["Nothing in your newest mail"]
    older = page(browser.get(tree.css_first(".list .reply a").attributes["href"]))
    assert texts(older, ".row .subject") == ["Pancakes"]
