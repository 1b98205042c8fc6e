"""Messages made to harm whoever reads them: each gets its document, in bounded time, and the ones behind it too."""

from __future__ import annotations

import random
import threading
import time
from base64 import b64encode

import pytest
from django.db import OperationalError, connection, transaction

from mailserver.services import searchindex
from mailserver.store.models import SearchDocument, SearchPending
from tests.support.mail import delivered, message

pytestmark = pytest.mark.django_db


def mail(kind: str, body: bytes, encoding: str = "8bit") -> bytes:
    head, _, _ = message(subject="Hostile").partition(b"MIME-Version")
    fields = f"MIME-Version: 1.0\r\nContent-Type: {kind}\r\nContent-Transfer-Encoding: {encoding}\r\n\r\n"
    return head + fields.encode() + body


def nested(depth: int) -> bytes:
    inner = b"Content-Type: text/plain\r\n\r\ndeepest\r\n"
    for level in range(depth):
        mark = f"b{level}".encode()
        kind = b'Content-Type: multipart/mixed; boundary="' + mark + b'"\r\n\r\n'
        inner = kind + b"--" + mark + b"\r\n" + inner + b"\r\n--" + mark + b"--\r\n"
    head, _, _ = message(subject="Hostile").partition(b"MIME-Version")
    return head + b"MIME-Version: 1.0\r\n" + inner


def many_parts(count: int) -> bytes:
    parts = b"".join(b"--=\r\nContent-Type: text/plain\r\n\r\npart%d\r\n" % number for number in range(count))
    return mail('multipart/mixed; boundary="="', parts + b"--=--\r\n")


def unlike_words(count: int, letters: str = "abcdefghijklmnop") -> str:
    chance = random.Random(5)
    return "\r\n".join("".join(chance.choices(letters, k=12)) for _ in range(count))


# Made when they are wanted: to make them all takes seconds, and whoever runs another test imports this too.
HOSTILE = {
    "huge": lambda: mail("text/plain; charset=utf-8", unlike_words(300_000).encode()),
    "huge and accented": lambda: mail("text/plain; charset=utf-8", unlike_words(100_000, "àçéñöüßœ").encode()),
    "one line": lambda: mail("text/plain; charset=utf-8", b"x" * 3_000_000),
    "one word of a script without spaces": lambda: mail("text/plain; charset=utf-8", "日本語".encode() * 200_000),
    "marks only": lambda: mail("text/plain; charset=utf-8", "\u0301\u0489".encode() * 300_000),
    "letters that grow": lambda: mail("text/plain; charset=utf-8", "ﷺ".encode() * 200_000),
    "NULs": lambda: mail("text/plain; charset=utf-8", b"\0" * 1000 + b"before\0after" + b"\0" * 1000),
    "no such charset": lambda: mail("text/plain; charset=x-nonsense", b"\xff\xfe\x80words" * 50),
    "a codec that is no charset": lambda: mail("text/plain; charset=punycode", b"words-" + b"9" * 300_000),
    "a charset that lies": lambda: mail("text/plain; charset=utf-16", b"odd"),
    "half of base64": lambda: mail("text/plain", b64encode(b"words " * 100)[:-7] + b"=!=", "base64"),
    "tags never closed": lambda: mail("text/html", b"<a <b <!-- <style <svg &" * 100_000),
    "references to characters": lambda: mail("text/html", b"&#0;&#xd800;&#1114112;&bogus;" * 20_000),
    "deep": lambda: nested(2000),
    "many parts": lambda: many_parts(5000),
    "lexemes of others": lambda: mail("text/plain", b"'a:1' 'm:1.2611':3A \\' & | ! <-> :* has:attachment"),
    "tsvector from within": lambda: mail("text/plain", b"':1A ' \\\\ ''' : a'b\\c"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_message_gets_its_document_and_holds_up_no_other(alice, kind):
    places = [delivered(alice), delivered(alice, HOSTILE[kind]()), delivered(alice)]
    began = time.process_time()
    while searchindex.sweep():
        continue
    assert time.process_time() - began < 5
    assert not SearchPending.objects.exists()
    assert SearchDocument.objects.count() == 3
    with connection.cursor() as cursor:
        cursor.execute("SELECT message_id FROM searchdocument WHERE tsv @@ %s::tsquery", ["'s:hostile'"])
        assert cursor.fetchall() == [(places[1].message_id,)]
        cursor.execute(
            "SELECT lexeme FROM searchdocument, unnest(tsv) WHERE message_id = %s AND lexeme ~ '^[am]:'",
            [places[1].message_id],
        )
        assert sorted(lexeme.partition(".")[0] for (lexeme,) in cursor.fetchall()) == [f"a:{alice.pk}", f"m:{alice.pk}"]


def test_a_letter_to_many_people_of_one_domain_is_found_by_the_address_of_the_last(alice):
    people = ",\r\n ".join(f"person{number}@crepes.fr" for number in range(60))
    place = delivered(alice, to=people)
    searchindex.sweep()
    for field in ("", "t:"):
        phrase = " <-> ".join(f"'{field}{word}'" for word in ("person59", "crepes", "fr"))
        with connection.cursor() as cursor:
            cursor.execute("SELECT message_id FROM searchdocument WHERE tsv @@ %s::tsquery", [phrase])
            assert cursor.fetchall() == [(place.message_id,)]


@pytest.mark.django_db(transaction=True)
def test_a_worker_killed_in_the_middle_loses_nothing(alice, monkeypatch):
    places = [delivered(alice) for _ in range(5)]
    assert searchindex.index(limit=2) == 2
    real = searchindex._insert

    def killed(documents):
        real(documents)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")

    with monkeypatch.context() as patch:
        patch.setattr(searchindex, "_insert", killed)
        with pytest.raises(OperationalError):
            searchindex.sweep()
    connection.close()
    assert SearchDocument.objects.count() == 2
    assert SearchPending.objects.count() == 3
    assert searchindex.sweep() == 3
    assert set(SearchDocument.objects.values_list("message_id", flat=True)) == {place.message_id for place in places}


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_take_different_messages(alice):
    places = [delivered(alice) for _ in range(5)]
    counts = []

    def other():
        counts.append(searchindex.index())
        connection.close()

    with transaction.atomic():
        assert searchindex._claim(2) == [places[4].message_id, places[3].message_id]
        thread = threading.Thread(target=other)
        thread.start()
        thread.join(20)
    assert counts == [3]
    assert searchindex.index() == 2


def test_a_note_left_over_refuses_no_message(alice):
    delivered(alice)
    with connection.cursor() as cursor:
        cursor.execute("SELECT last_value FROM message_id_seq")
        number = cursor.fetchone()[0] + 1
    SearchPending.objects.create(message_id=number, account_id=alice.pk)
    assert delivered(alice).message_id == number
