from __future__ import annotations

from datetime import UTC, datetime
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import lexemes
from mailserver.mail.lexemes import Document, condition, vector
from mailserver.mail.query import Query, parse

NOVEMBER = datetime(2026, 11, 23, tzinfo=UTC)
SCOPE = ["'a:7'", "'m:7.2611'"]
# Words, scripts without spaces, marks, capital letters that grow when folded, and what is no word.
TEXTS = st.text(alphabet=st.one_of(st.sampled_from("aé_'\\:|&!*日本ガか゛क्षिไทยﷺİß0９ \t\n\0"), st.characters()))


def document(subject="", sender="", recipients="", text="", attachments=False):
    return Document(7, NOVEMBER, subject, sender, recipients, text, attachments)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        ("Crêpe NIGHT crêpe", ["'crepe':31,33", "'night':32"]),
        ("INV-2024/0031", ["'inv':31", "'2024':32", "'0031':33"]),
        ("snake_case it's", ["'snake':31", "'case':32", "'it':33", "'s':34"]),
        ("été_2024", ["'ete':31", "'2024':32"]),
        ("日本語", ["'日本':31", "'本語':32", "'語':33"]),
        ("本", ["'本':31"]),
        ("iPhone用", ["'iphone':31", "'用':32"]),
        ("が か", ["'が':31", "'か':32"]),
        ("हिन्दी", ["'हिनदी':31"]),
        ("ไทย", ["'ไท':31", "'ทย':32", "'ย':33"]),
        ("한국어", ["'한국어':31"]),
        ("x" * 100, [f"'{'x' * 64}':31"]),
        ("\0 … 🎉 _", []),
    ],
)
def test_it_cuts_text_into_words(text, expected):
    assert vector(document(text=text)).split(" ") == SCOPE + expected


def test_it_keeps_fields_apart_and_in_front():
    found = vector(document("Menu", "Bob bob@x.pt", "Alice", "Menu", attachments=True)).split(" ")
    assert found == [
        *SCOPE,
        "'has:attachment'",
        "'menu':1A,37",
        "'s:menu':1",
        *("'bob':12A,13A", "'f:bob':12,13", "'x':14A", "'f:x':14", "'pt':15A", "'f:pt':15"),
        *("'alice':26A", "'t:alice':26"),
    ]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("", ""),
        ("is:unread", ""),
        ("% _ 🎉", ""),
        ("night", "('night':*)"),
        ("Crêpe at", "('crepe':*) & ('at')"),
        ('"crêpe night"', "('crepe' <1> 'night':*)"),
        ("tomas@x.pt", "('tomas' <1> 'x' <1> 'pt')"),
        ("from:Bob subject:menu to:alice", "('s:menu':*) & ('f:bob':*) & ('t:alice':*)"),
        ("日本語", "('日本' <1> '本語')"),
        ("日本", "('日本')"),
        ("本", "('本':*)"),
        ('"日本 rail"', "('日本' <2> 'rail':*)"),
        ("a:12 & fish", "('a' <1> '12') & ('fish':*)"),
    ],
)
def test_it_asks_for_words_phrases_and_fields(typed, expected):
    assert condition(parse(typed)) == expected


@pytest.mark.parametrize(
    ("text", "anywhere", "body"),
    [
        ("Crêpe night", "'crepe' <1> 'night':*", "'crepe':D <1> 'night':*D"),
        ("at", "'at'", "'at':D"),
        ("本", "'本':*", "'本':*D"),
        ("!", "", ""),
    ],
)
def test_it_asks_for_a_phrase_in_the_text_alone(text, anywhere, body):
    assert (lexemes.phrase(text), lexemes.phrase(text, body=True)) == (anywhere, body)


def test_it_asks_for_a_bounded_number_of_words():
    assert condition(Query(words=("a " * 1000, "b"))).count("'a'") == 64


def test_it_bounds_the_number_of_lexemes():
    numbers = count(10_000)
    text = " ".join(str(next(numbers)) for _ in range(30_000))
    assert vector(document(text=text)).count(" ") == lexemes.MAX_LEXEMES - 1


def test_it_bounds_the_octets_of_lexemes():
    letters = "".join(chr(0x1400 + n % 600) for n in range(lexemes.MAX_TEXT))
    text = " ".join(letters[at : at + 64] for at in range(0, len(letters), 65))
    assert len(vector(document(text=text)).encode()) < 1024 * 1024


def test_it_remembers_as_many_places_of_a_word_as_postgresql_and_none_behind_the_last_that_counts():
    found = vector(document(text="yes " * 20_000 + "late")).split(" ")
    assert found[2].count(",") == 254
    assert found[3] == "'late'"


@given(TEXTS, TEXTS, TEXTS)
def test_it_takes_any_text(subject, sender, text):
    found = vector(document(subject, sender, sender, text))
    assert found.startswith("'a:7' 'm:7.2611'")
    inner = [item.rpartition("'")[0].removeprefix("'") for item in found.split(" ")]
    assert all(word and not set(word) & set("'\\ ") for word in inner)
    assert [word for word in inner if ":" in word[2:]] == []
    assert not any(word.startswith(("a:", "m:")) for word in inner[2:])


@given(TEXTS)
def test_it_asks_for_any_text(typed):
    found = condition(parse(typed))
    assert found.count("'") % 2 == 0
    assert "a:" not in found
