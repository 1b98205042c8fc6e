from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailserver.mail.lexemes import Document, vector
from mailserver.mail.pieces import holds, pieces

MESSAGE = vector(
    Document(7, datetime(2026, 11, 23, tzinfo=UTC), "Menu 12", "Bob bob@hamburger.edu", "Alice", "Crêpes on Saturday")
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Crêpe", ["crepe"]),
        ("o (a", []),
        ("s on Sat", ["s", "on", "sat"]),
        ("日本語", []),
        ("日本 rail", []),
        ("!", []),
        ("", []),
    ],
)
def test_it_cuts_what_is_asked_for(text, expected):
    assert pieces(text) == expected


@pytest.mark.parametrize(
    ("asked", "anywhere", "body"),
    [
        ("repe", True, True),
        ("aturday", True, True),
        ("epes on sat", True, True),
        ("epes saturday", False, False),
        ("on epes", False, False),
        ("epes off sat", False, False),
        ("amburg", True, False),
        ("ob bo", True, False),
        ("ice crep", False, False),
        ("2611", False, False),
        ("menu 12", True, False),
        ("26A", False, False),
    ],
)
def test_it_finds_pieces_of_words_that_follow_each_other(asked, anywhere, body):
    words = asked.lower().split()
    assert (holds(MESSAGE, words), holds(MESSAGE, words, body=True)) == (anywhere, body)
