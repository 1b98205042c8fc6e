from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.spam.tokens import MOST, number, tokens, words
from tests.mail.spam.letters import letter


def test_it_folds_words_and_leaves_out_the_very_short_and_the_very_long():
    assert list(words("The Crêpes of a QUEEN, it's " + "x" * 25)) == ["the", "crepes", "queen"]


def test_it_pairs_the_signs_of_scripts_without_spaces():
    assert list(words("無料の本")) == ["無料", "料の", "の本"]
    assert list(words("本")) == ["本"]


def test_it_tells_the_subject_from_the_text():
    found = tokens(letter(subject="Ketchup", body="Mustard"))
    assert {number("subject ketchup"), number("mustard"), number("from bob@hamburger.edu")} <= found
    assert not {number("ketchup"), number("subject mustard")} & found


def test_it_marks_links_attachments_and_html_alone():
    found = tokens(letter(body='<a href="http://evil.example/">x</a>', content_type="text/html"))
    assert {number("link evil.example"), number("only html")} <= found
    body = "--x\r\n\r\nHi\r\n--x\r\nContent-Type: application/zip\r\n\r\nPK\r\n--x--\r\n"
    assert number("attached application/zip") in tokens(letter(body=body, content_type="multipart/mixed; boundary=x"))


def test_it_is_the_same_number_on_every_machine():
    assert number("ketchup") == -8277984240710632960
    assert number("ketchup") != number("mustard")
    assert -(2**63) <= number("ketchup") < 2**63


@given(st.binary(max_size=3000))
def test_it_has_a_bound_and_no_moods(octets):
    found = tokens(letter(octets))
    assert found == tokens(letter(octets))
    assert len(found) <= MOST
    assert all(-(2**63) <= token < 2**63 for token in found)


def test_a_long_text_is_cut():
    assert len(tokens(letter(body=" ".join(f"word{n}" for n in range(2000))))) == MOST
