from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.query import Query, parse


@pytest.mark.parametrize(
    ("typed", "query"),
    [
        ("", Query()),
        ("Crêpe  NIGHT", Query(words=("crepe", "night"))),
        ('"crêpe night" pan', Query(words=("crepe night", "pan"))),
        ("from:Bob to:tomas subject:menu", Query(senders=("bob",), recipients=("tomas",), subjects=("menu",))),
        ('FROM:"Bob Burger"', Query(senders=("bob burger",))),
        ("is:unread is:starred has:attachment", Query(unread=True, starred=True, attachment=True)),
        ("is:blue", Query(words=("is:blue",))),
        ("from:", Query(words=("from:",))),
        ('"open', Query(words=("open",))),
        ("http://x", Query(words=("http://x",))),
    ],
)
def test_it_reads_words_phrases_and_operators(typed, query):
    assert parse(typed) == query


def test_it_is_empty_without_words():
    assert not parse('  ""  ')
    assert parse("is:unread")


@given(st.text(max_size=200))
def test_it_takes_whatever_is_typed(typed):
    found = parse(typed)
    assert len(found.words) + len(found.senders) + len(found.recipients) + len(found.subjects) <= 20
