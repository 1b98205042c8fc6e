"""The examples are computed by hand from UnicodeData.txt and RFC 5051 §2."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.casemap import casemap


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("Menu 1", "MENU 1"),
        ("é", "E\u0301"),
        ("É", "E\u0301"),
        ("e\u0301", "E\u0301"),
        ("ß", "ß"),
        ("ﬁ", "fi"),
        ("ǆ", "Dz\u030c"),
        ("ᾳ", "Α\u0345"),
        ("№", "No"),
        ("σς", "ΣΣ"),
        ("ǖ", "U\u0308\u0304"),
        ("가", "가"),
        ("ｱ", "ア"),
        ("ı", "I"),
    ],
)
def test_title_case_then_decomposed(text, expected):
    assert casemap(text) == expected


def test_accents_come_behind_the_letter_and_before_the_next():
    words = ["Fig", "été", "etz", "ETE", "Été", "ete"]
    assert sorted(words, key=casemap) == ["ETE", "ete", "etz", "été", "Été", "Fig"]


@given(st.text(), st.text())
def test_it_is_in_the_order_of_its_octets(one, other):
    by_octets = casemap(one).encode("utf-8", "surrogatepass"), casemap(other).encode("utf-8", "surrogatepass")
    assert (casemap(one) < casemap(other)) == (by_octets[0] < by_octets[1])


@given(st.text(), st.text())
def test_it_goes_character_by_character(one, other):
    assert casemap(one + other) == casemap(one) + casemap(other)


@given(st.text(st.characters(codec="ascii")))
def test_ascii_is_upper_case(text):
    assert casemap(text) == text.upper() == casemap(text.swapcase())
