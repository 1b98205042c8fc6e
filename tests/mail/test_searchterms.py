from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.searchterms import fold


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Menu", "menu"),
        ("Crêpes", "crepes"),
        ("STRASSE straße", "strasse strasse"),
        ("ﬁne №1", "fine no1"),
        ("か が", "か が"),
        ("한국어", "한국어"),
        ("Ελλάς", "ελλασ"),
        ("हिन्दी", "हिनदी"),
    ],
)
def test_it_folds(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=100))
def test_folding_is_stable_on_folded_words(text: str) -> None:
    fold(text).encode("utf-8", "surrogatepass")
