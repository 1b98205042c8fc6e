from __future__ import annotations

import pytest

from mailserver.mail.saslprep import prepared


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 4013 §3
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("cre\u0302pe\u00a0a\u0300", "cr\u00eape \u00e0"),
        ("\u0627\u0628", "\u0627\u0628"),
    ],
)
def test_it_prepares(text, expected):
    assert prepared(text) == expected


@pytest.mark.parametrize("text", ["\u0007\u2168", "\u06271\u2168", "\ue000\u2168", "\u0221\u2168", "\u00ad", ""])
def test_what_is_forbidden_stays_as_it_is(text):
    assert prepared(text) == text
