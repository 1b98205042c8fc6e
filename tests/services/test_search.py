"""Finding conversations: whatever stage answers, and whatever is indexed already, the answer is the same."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.db import connection
from django.db.models import Func, Value

from mailserver.errors import SearchTooSlow
from mailserver.mail.query import parse
from mailserver.services import messages, search, searchindex, searchstages
from mailserver.services.threads import Page
from mailserver.store.models import Message, SearchPending
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db

# How many documents the first stage reads, and the second at most.
STAGES = {"newest": (200, 2000), "more": (2, 10_000), "index": (2, 1)}
SLOW = "WITH slow AS MATERIALIZED (SELECT pg_sleep(20)), found AS (SELECT 1::bigint AS thread_id FROM slow)"


@pytest.fixture(params=STAGES)
def stage(request, monkeypatch):
    first, most = STAGES[request.param]
    monkeypatch.setattr(search, "WALK", first)
    monkeypatch.setattr(search, "WALK_MOST", most)


def subjects(found: Page) -> list[str]:
    return [line.subject for line in found.lines]


def attached(name: str) -> bytes:
    head, _, _ = message(subject="Bill").partition(b"MIME-Version")
    parts = f'Content-Type: application/pdf\r\nContent-Disposition: attachment; filename="{name}"\r\n\r\n%PDF\r\n'
    return (
        head + f'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="="\r\n\r\n--=\r\n{parts}--=--'.encode()
    )


def ask(account, typed: str, **options) -> list[str]:
    return subjects(search.find(account.pk, parse(typed), **options))


def pages(account, typed: str, limit: int) -> list[tuple[int, int]]:
    """All lines of all pages."""
    found, before = [], None
    for _ in range(200):
        page = search.find(account.pk, parse(typed), before=before, limit=limit)
        found += [(line.mailbox_id, line.thread_id) for line in page.lines]
        before = page.next
        if before is None:
            return found
    raise AssertionError("the pages have no end")


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("buckwheat", ["Pancakes"]),
        ("buckwh", ["Pancakes"]),
        ("wh", []),
        ("flour pans", ["Pancakes"]),
        ('"flour and pans"', ["Pancakes"]),
        ('"flour pans"', []),
        ("subject:flour", []),
        ("flour is:starred", []),
        ("flour is:unread", ["Pancakes"]),
        ("panc", ["Pancakes"]),
        ("ancake", ["Pancakes"]),
        ("日本", ["旅行"]),
        ("本語", ["旅行"]),
        ("語", ["旅行"]),
        ("本日", []),
        ("flour 🎉", ["Pancakes"]),
        ("absent", []),
    ],
)
def test_it_finds_words_of_the_text(alice, stage, typed, expected):
    delivered(alice, subject="Pancakes", body=f"{'On Saturday. ' * 30}Buckwheat flour and pans.\r\n")
    delivered(alice, subject="旅行", body="日本語の本\r\n")
    delivered(alice, subject="Tax")
    searchindex.sweep()
    assert ask(alice, typed) == expected


def test_it_finds_what_is_not_indexed_yet(alice, stage):
    delivered(alice, subject="Old crêpe")
    searchindex.sweep()
    delivered(alice, subject="Waiting", body="The crêpe pan is here\r\n")
    delivered(alice, subject="New crêpe")
    assert ask(alice, "crepe") == ["New crêpe", "Waiting", "Old crêpe"]
    assert ask(alice, "subject:crepe") == ["New crêpe", "Old crêpe"]


def test_words_of_what_is_not_indexed_yet_meet_as_those_of_the_index(alice, stage):
    delivered(alice, subject="Pancakes", body="INV-2024/0031\r\n")
    searchindex.sweep()
    delivered(alice, subject="Pancakes too", body="INV-2024/0031\r\n")
    for typed in ('"inv 2024"', "2024/0031", "ancake"):
        assert ask(alice, typed) == ["Pancakes too", "Pancakes"]


def test_the_text_of_what_is_not_indexed_yet_is_read_as_far_as_there_is_time(alice, stage, monkeypatch):
    delivered(alice, subject="Deep", body=f"{'On Saturday. ' * 60}Buckwheat.\r\n")
    delivered(alice, subject="Near", body="Buckwheat.\r\n")
    assert ask(alice, "buckwheat") == ["Near", "Deep"]
    monkeypatch.setattr(search, "WAITING_READ", 1)
    assert ask(alice, "buckwheat") == ["Near"]
    monkeypatch.setattr(search, "WAITING_READ", 2)
    monkeypatch.setattr(search, "READING", -1)
    assert ask(alice, "buckwheat") == ["Near"]


def test_names_of_attached_files_are_found_before_and_after_indexing(alice, stage):
    delivered(alice, attached("Fatura-31.pdf"))
    assert ask(alice, "fatura") == ["Bill"]
    searchindex.sweep()
    assert ask(alice, "fatura-31.pdf has:attachment") == ["Bill"]


def test_it_finds_an_old_message_whose_conversation_goes_on_with_one_not_indexed_yet(alice, stage):
    delivered(alice, subject="Menu", message_id="a@x.pt", body="buckwheat\r\n")
    for number in range(6):
        delivered(alice, subject=f"Buckwheat {number}")
    searchindex.sweep()
    delivered(alice, subject="Re: Menu", reply_to="a@x.pt", body="fine\r\n")
    for limit in (1, 2, 3):
        assert ask(alice, "buckwheat", limit=limit) == ["Re: Menu", "Buckwheat 5", "Buckwheat 4"][:limit]


def test_while_much_waits_older_messages_are_found_by_their_headers(alice, stage, monkeypatch):
    monkeypatch.setattr(search, "WAITING", 2)
    monkeypatch.setattr(search, "WAITING_OLDER", 4)
    for number in range(6):
        delivered(alice, subject=f"Crêpe {number}", body="buckwheat\r\n")
    assert len(ask(alice, "crepe")) == 4
    searchindex.index(limit=1)
    assert ask(alice, "crepe") == [f"Crêpe {number}" for number in (5, 4, 3, 2, 1)]
    searchindex.index(limit=1)
    assert ask(alice, "crepe") == [f"Crêpe {number}" for number in (5, 4, 3, 2, 1, 0)]


def test_nobody_finds_what_is_not_theirs(alice, charlie, stage):
    delivered(alice, subject="Crêpe secret", body="Buckwheat\r\n")
    for indexed in (False, True):
        if indexed:
            searchindex.sweep()
        for typed in ("crepe", "secret", "buckwheat", "from:bob", "ecret", f"a:{alice.pk}", f'"a:{alice.pk} crepe"'):
            assert ask(charlie, typed) == []
        assert ask(alice, "crepe") == ["Crêpe secret"]
    delivered(charlie, subject="Crêpe of mine")
    searchindex.sweep()
    assert ask(charlie, "crepe") == ["Crêpe of mine"]
    assert ask(alice, "crepe") == ["Crêpe secret"]


def test_the_guard_holds_where_a_document_has_the_lexeme_of_another_account(alice, charlie, stage):
    delivered(alice, subject="Crêpe secret")
    searchindex.sweep()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE searchdocument SET tsv = tsv || %s::tsvector", [f"'a:{charlie.pk}'"])
    assert ask(charlie, "crepe") == []


def test_it_leaves_out_spam_trash_and_what_was_expunged(alice, stage):
    for use in ("junk", "trash"):
        place = delivered(alice, subject=f"Crêpe {use}")
        target = alice.mailboxes.get(special_use=use).pk
        messages.move(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid], target_id=target)
    place = delivered(alice, subject="Crêpe gone")
    searchindex.sweep()
    messages.expunge(account_id=alice.pk, mailbox_id=place.mailbox_id, uids=[place.uid])
    assert ask(alice, "crepe") == []


def test_words_of_deleted_messages_do_not_find_the_conversation_that_goes_on(alice, stage):
    for number, act in enumerate(("trash", "junk", "expunged")):
        delivered(alice, subject=f"Menu {number}", message_id=f"{number}@x.pt", body="flour\r\n")
        answer = {"reply_to": f"{number}@x.pt", "sender": "Zoe <zoe@x.pt>", "body": "buckwheat\r\n"}
        place = delivered(alice, subject=f"Re: Menu {number}", **answer)
        where = {"account_id": alice.pk, "mailbox_id": place.mailbox_id, "uids": [place.uid]}
        if act == "expunged":
            messages.expunge(**where)
        else:
            messages.move(**where, target_id=alice.mailboxes.get(special_use=act).pk)
    for indexed in (False, True):
        if indexed:
            searchindex.sweep()
        for typed in ("buckwheat", "zoe", "from:zoe", "oe@x"):
            assert ask(alice, typed) == []
        assert len(ask(alice, "flour")) == 3


def test_pages_of_a_word_found_only_inside_others_go_on(alice, stage):
    for number in range(5):
        delivered(alice, subject=f"Pancake {number}")
    searchindex.sweep()
    assert len(set(pages(alice, "ancake", 2))) == 5


def test_an_index_that_takes_too_long_is_left_for_the_newest_documents(alice, monkeypatch):
    places = [delivered(alice, subject=f"Crêpe {number}", body="rare\r\n") for number in range(6)]
    searchindex.sweep()
    monkeypatch.setattr(searchstages, "ASK", SLOW)
    monkeypatch.setattr(searchstages, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(search, "WALK", 1)
    monkeypatch.setattr(search, "WALK_MOST", 3)
    assert ask(alice, "rare", limit=3) == ["Crêpe 5", "Crêpe 4"]
    assert len(set(pages(alice, "rare", 3))) == len(places)


def test_a_walk_that_takes_too_long_is_left_for_the_index(alice, monkeypatch):
    delivered(alice, subject="Crêpe", body="rare\r\n")
    searchindex.sweep()
    monkeypatch.setattr(searchstages, "WALK", SLOW)
    monkeypatch.setattr(searchstages, "MAX_SECONDS", 0.05)
    assert ask(alice, "rare") == ["Crêpe"]


@pytest.mark.parametrize("typed", ["rare", "%"])
def test_it_tells_when_nothing_is_quick_enough(alice, monkeypatch, typed):
    delivered(alice)
    searchindex.sweep()
    slow_headers = Message.objects.annotate(slow=Func(Value(20), function="pg_sleep")).exclude(slow=None)
    monkeypatch.setattr(searchstages, "WALK", SLOW)
    monkeypatch.setattr(searchstages, "ASK", SLOW)
    monkeypatch.setattr(search, "_messages", lambda *_: slow_headers)
    monkeypatch.setattr(searchstages, "MAX_SECONDS", 0.05)
    with pytest.raises(SearchTooSlow):
        ask(alice, typed)
    assert connection.connection.info.transaction_status.name == "INTRANS"
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_pages_of_the_newest_documents_end_where_all_are_of_one_moment(alice, monkeypatch):
    box = alice.mailboxes.get(special_use="archive")
    for number in range(5):
        raw = message(subject=f"Crêpe {number}", body="rare\r\n")
        messages.append(account_id=alice.pk, mailbox_id=box.pk, raw=raw, at=datetime(2019, 2, 3, tzinfo=UTC))
    searchindex.sweep()
    monkeypatch.setattr(searchstages, "ASK", SLOW)
    monkeypatch.setattr(searchstages, "MAX_SECONDS", 0.05)
    monkeypatch.setattr(search, "WALK", 2)
    monkeypatch.setattr(search, "WALK_MOST", 3)
    first = search.find(alice.pk, parse("rare"), limit=2)
    assert (first.lines, first.next is None) == ([], False)
    with pytest.raises(SearchTooSlow):
        search.find(alice.pk, parse("rare"), limit=2, before=first.next)


def test_other_faults_of_the_database_are_told(alice, monkeypatch):
    delivered(alice), delivered(alice)
    searchindex.sweep()
    fault = "WITH found AS (SELECT 1::bigint AS thread_id FROM pg_terminate_backend(0, -1))"
    monkeypatch.setattr(searchstages, "ASK", fault)
    monkeypatch.setattr(search, "WALK", 1)
    with pytest.raises(Exception, match="timeout"):
        ask(alice, "absent")


def test_the_longest_a_statement_may_take_ends_with_the_search(alice):
    delivered(alice)
    ask(alice, "crepe")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_what_waits_to_be_made_anew_is_found_once(alice, stage):
    delivered(alice)
    searchindex.sweep()
    searchindex.again()
    assert SearchPending.objects.count() == 1
    assert ask(alice, "crepe") == ["Crêpe night"]
