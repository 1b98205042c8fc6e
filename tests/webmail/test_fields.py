from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from tests.support import corpora
from webmail.forms.fields import AddressesField, HeaderField, typed, wrong_addresses


@given(st.text(max_size=200))
def test_it_lets_no_line_break_into_a_header(text):
    for field in (HeaderField(), AddressesField()):
        broken = any(mark in text for mark in "\r\n\x00")
        try:
            field.clean(text)
            refused = False
        except ValidationError:
            refused = True
        assert refused == broken


@corpora.needed
def test_it_takes_naughty_strings_or_says_why():
    for text in json.loads((corpora.FOLDER / "naughty-strings" / "blns.json").read_text(encoding="utf-8")):
        people = AddressesField().clean(text.replace("\n", " ").replace("\r", " ").replace("\x00", ""))
        assert AddressesField().clean(typed(people)) is not None


@pytest.mark.parametrize("text", ["bob@hamburger.edu", "Bob <bob@hamburger.edu>", "bob@[192.0.2.1]", "ü@crêpes.fr"])
def test_it_knows_complete_addresses(db, text):
    assert wrong_addresses(AddressesField().clean(text)) == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("bob", ["bob"]),
        ("tomas@serralves", ["tomas@serralves"]),
        ("Bob <bob@>, a@b.fr", ["Bob <bob@>"]),
        ("bob@hamburger..edu", ["bob@hamburger..edu"]),
    ],
)
def test_it_names_those_that_are_not(db, text, wrong):
    assert wrong_addresses(AddressesField().clean(text)) == wrong
