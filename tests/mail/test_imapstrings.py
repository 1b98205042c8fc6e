from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import encodedwords, imapstrings
from mailserver.mail.imapstrings import nstring, quoted, seven_bit
from tests.support.imapvalues import value


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", '""'),
        ("NIL", '"NIL"'),
        ("plain text", '"plain text"'),
        ('say "hi" \\o/', '"say \\"hi\\" \\\\o/"'),
        ("a\r\nb\x00\x7fc\td", '"a b c d"'),
        ("ü", '"ü"'),
    ],
)
def test_it_quotes(text, expected):
    assert quoted(text) == expected


def test_nothing_is_nil_and_the_word_is_not():
    assert (nstring(""), nstring("NIL")) == ("NIL", '"NIL"')


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ('("a" NIL 3 ("b"))', b'("a" NIL 3 ("b"))'),
        ('("Crêpe" "plain")', b'("=?utf-8?q?Cr=C3=AApe?=" "plain")'),
        ('("a \\"ü\\" \\\\")', b'("=?utf-8?b?YSAiw7wiIFw=?=")'),
        ('("=?utf-8?q?=C3=A9?= ü")', b'("=?utf-8?b?w6kgw7w=?=")'),
    ],
)
def test_seven_bits_are_enough(form, expected):
    assert seven_bit(form.encode()) == expected


def test_ascii_is_the_very_same_object():
    form = b'("a")'
    assert seven_bit(form) is form


@given(st.lists(st.text(max_size=30), max_size=5))
def test_both_variants_say_the_same(texts):
    form = f"({' '.join(map(quoted, texts))})".encode("utf-8", "replace")
    short = seven_bit(form)
    assert short.isascii()
    for octets, encoded in zip(value(form), value(short), strict=True):
        if not octets.isascii():
            assert encodedwords.decode(encoded.decode()) == encodedwords.decode(octets.decode())
        else:
            assert encoded == octets


def test_a_form_full_of_such_text_costs_no_more_than_its_room():
    text = "é" * imapstrings._MAX_ENCODED
    short = value(seven_bit(f'("é" "{text}" "è\\"" "a")'.encode()))
    assert short == [b"=?utf-8?b?w6k=?=", b"?" * len(text), b'?"', b"a"]
