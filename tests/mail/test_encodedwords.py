from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import encodedwords


@pytest.mark.parametrize(
    ("text", "decoded"),
    [
        ("plain", "plain"),
        ("=?utf-8?q?Caf=C3=A9?=", "Café"),
        ("=?UTF-8?B?Q2Fmw6k=?=", "Café"),
        ("=?UTF-8?B?Q2Fmw6k?=", "Café"),
        ("=?iso-8859-1?Q?a?= =?utf-8?Q?b?=", "ab"),
        ("=?iso-8859-1?Q?a?= b", "a b"),
        ("a=?utf-8?q?b?=c", "abc"),
        ("=?utf-8?b?w4M=?= =?utf-8?b?qQ==?=", "Ã\N{REPLACEMENT CHARACTER}"),
        ("=?utf-8?q?Caf=C3?= =?utf-8?q?=A9?=", "Café"),
        ("=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"),
        ("=?utf-8?q?two words?=", "two words"),
        ("=?utf-8?q?What??=", "What?"),
        ("=?utf-8?q?unclosed", "=?utf-8?q?unclosed"),
        ("=?utf-8?x?odd?=", "=?utf-8?x?odd?="),
        ("=?no-such?q?Caf=C3=A9?=", "Café"),
        ("=?utf-8?q??=", ""),
    ],
)
def test_it_decodes(text: str, decoded: str) -> None:
    assert encodedwords.decode(text) == decoded


@given(st.text(max_size=300))
def test_it_reads_what_it_writes(text: str) -> None:
    encoded = encodedwords.encode(text)
    assert all(len(word) <= 75 for word in encoded.split(" "))
    assert encoded.isascii()
    storable = "".join("?" if "\ud800" <= c <= "\udfff" else c for c in text).replace("\x00", "")
    assert encodedwords.decode(encoded) == storable.removeprefix("\ufeff")


@given(st.text(alphabet="=?utf-8qb_AC39 \t", max_size=200))
def test_it_never_raises(text: str) -> None:
    encodedwords.decode(text)


@pytest.mark.parametrize("piece", ["=?", "=?a?q?", "=?a?q?b", "?=", "=?a?b?QQ?= "])
def test_it_reads_hostile_text_in_one_pass(piece: str) -> None:
    encodedwords.decode(piece * (256 * 1024 // len(piece)))
