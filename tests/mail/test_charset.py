from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import charset


@pytest.mark.parametrize(
    ("data", "declared", "text"),
    [
        (b"plain", None, "plain"),
        ("Grüße".encode(), "utf-8", "Grüße"),
        ("Grüße".encode("latin-1"), "ISO-8859-1", "Grüße"),
        (b"\x93quoted\x94 \x80", "iso-8859-1", "“quoted” €"),
        ("Grüße".encode(), "us-ascii", "Grüße"),
        ("Grüße".encode(), None, "Grüße"),
        ("Grüße".encode(), "no-such-charset", "Grüße"),
        ("\ufeffGrüße".encode(), "utf-8", "Grüße"),
        ("日本語".encode("iso2022_jp"), "ISO-2022-JP", "日本語"),
        ("日本語".encode("cp932"), "Shift_JIS", "日本語"),
        ("Привет".encode("koi8-r"), "KOI8-R", "Привет"),
        ("中文".encode("gb18030"), "gb2312", "中文"),
        ("한국어".encode("cp949"), "ks_c_5601-1987", "한국어"),
        ("Grüße".encode("utf-16"), "utf-16", "Grüße"),
        (b"+AOk-", "utf-7", "é"),
        (b"a\x00b", None, "ab"),
        (b"+2AA-", "utf-7", "�"),
        (b"706c61696e", "hex", "706c61696e"),
        (b"\\u0041", "unicode_escape", "\\u0041"),
        ("Grüße".encode() + b"\xff", "utf-8", "Grüße�"),
    ],
)
def test_it_decodes(data: bytes, declared: str | None, text: str) -> None:
    assert charset.decode(data, declared) == text


def test_it_guesses_undeclared_text() -> None:
    text = "Съешь же ещё этих мягких французских булок, да выпей чаю. " * 3
    assert charset.decode(text.encode("cp1251")) == text


@given(
    st.binary(max_size=300),
    st.one_of(st.none(), st.text(max_size=20), st.sampled_from(["utf-7", "utf-16", "hz", "big5"])),
)
def test_it_never_raises_and_is_storable(data: bytes, declared: str | None) -> None:
    text = charset.decode(data, declared)
    text.encode()
    assert "\x00" not in text
