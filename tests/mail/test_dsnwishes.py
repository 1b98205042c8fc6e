"""The parameters of RFC 3461, as values."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import dsnwishes
from mailserver.mail.dsnwishes import BadWish, RecipientWishes


@pytest.mark.parametrize(
    ("given", "normal"),
    [("never", "NEVER"), ("delay,SUCCESS", "SUCCESS,DELAY"), ("FAILURE", "FAILURE")],
)
def test_notify_has_one_normal_form(given: str, normal: str) -> None:
    assert dsnwishes.notify(given) == normal


@pytest.mark.parametrize("wrong", [None, "", "NEVER,FAILURE", "FAILURE,FAILURE", "READ", "FAILURE,", "FAILURE DELAY"])
def test_it_refuses_other_words_for_notify(wrong: str | None) -> None:
    with pytest.raises(BadWish):
        dsnwishes.notify(wrong)


@pytest.mark.parametrize(
    ("notify", "time", "wanted"),
    [("", "FAILURE", True), ("", "DELAY", True), ("", "SUCCESS", False), ("NEVER", "FAILURE", False)],
)
def test_silence_means_failures_and_delays(notify: str, time: str, wanted: bool) -> None:
    assert dsnwishes.wants(notify, time) is wanted


def test_a_success_that_was_told_is_not_asked_for_again() -> None:
    assert RecipientWishes("SUCCESS,DELAY").without_success().notify == "DELAY"
    assert RecipientWishes("SUCCESS").without_success().notify == "NEVER"
    assert RecipientWishes("").without_success().notify == ""


@pytest.mark.parametrize(
    ("coded", "decoded"),
    [
        ("rfc822;bob+2Btag@hamburger.edu", "rfc822;bob+tag@hamburger.edu"),
        ("RFC822;+22bob+20b+22@hamburger.edu", 'rfc822;"bob b"@hamburger.edu'),
        (r"utf-8;b\x{F6}b@hamburger.edu", "utf-8;böb@hamburger.edu"),
        ("utf-8;böb@hamburger.edu", "utf-8;böb@hamburger.edu"),
        ("x400;/C=FR/", None),
    ],
)
def test_it_decodes_original_recipients(coded: str, decoded: str | None) -> None:
    if decoded is None:
        with pytest.raises(BadWish):
            dsnwishes.original_recipient(f"{coded}=", utf8=True)
    else:
        assert dsnwishes.original_recipient(coded, utf8=True) == decoded
        assert dsnwishes.original_recipient(dsnwishes.orcpt(decoded), utf8=False) == decoded


@pytest.mark.parametrize(
    "wrong",
    [
        *(None, "", "rfc822", "rfc822;", ";bob", "rfc822;bob+2", "rfc822;bob+2b", "rfc822;b=b", "-x;bob", "rfc822;+00"),
        *(
            "rfc822;böb@x",
            "utf-8;böb@x",
            r"utf-8;b\x{D800}b",
            r"utf-8;b\x{FFFFFF}",
            r"utf-8;b\b",
            "rfc822;" + "b" * 500,
        ),
    ],
)
def test_it_refuses_what_is_no_original_recipient(wrong: str | None) -> None:
    with pytest.raises(BadWish):
        dsnwishes.original_recipient(wrong, utf8=False)


@pytest.mark.parametrize("wrong", [None, "", "x" * 101, "a=b", "+0A", "+FF", "+2", "é", "+20"])
def test_it_refuses_what_is_no_envelope_id(wrong: str | None) -> None:
    with pytest.raises(BadWish):
        dsnwishes.envelope_id(wrong)


@given(st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1))
def test_xtext_carries_all_of_ascii(text: str) -> None:
    assert dsnwishes.from_xtext(dsnwishes.to_xtext(text)) == text


@given(st.text(max_size=60), st.booleans())
def test_it_reads_anything_or_says_that_it_is_bad(text: str, utf8: bool) -> None:
    for value in (text, f"rfc822;{text}", f"utf-8;{text}", rf"utf-8;\x{{{text}}}"):
        try:
            found = dsnwishes.original_recipient(value, utf8=utf8)
        except BadWish:
            continue
        assert dsnwishes.orcpt(found).isascii()
