from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import htmllayout, htmltext, preview


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Hello\nBob", "Hello Bob"),
        ("Yes.\n\nOn 12 May 2026 at 14:05, Bob wrote:\n> Pickles?\n> Or not?\n", "Yes."),
        ("Ja.\n\nAm 12. Mai 2026 schrieb Bob\n<bob@hamburger.edu>:\n> Pickles?\n", "Ja."),
        ("> Pickles?\n\nYes, please.\n", "Yes, please."),
        ("> only a quote", "only a quote"),
        ("Hi\n-- \nAlice\nCrêpes", "Hi"),
        ("Hi\n\n-----Original Message-----\nFrom: Bob\nSubject: x", "Hi"),
        ("Hi\n\n________________________________\nFrom: Bob\n", "Hi"),
        ("=====\nNews\n-----\nHot <https://crepes.fr/menu>", "News Hot"),
        ("", ""),
        ("\u200c\u00a0\u200c\u00a0\u200c Sale", "Sale"),
        ("x" * 500, "x" * 200),
    ],
)
def test_it_shows_the_first_words(text: str, line: str) -> None:
    assert preview.from_text(text) == line


@pytest.mark.parametrize("before", range(380, 420))
def test_it_shows_no_part_of_a_rule_wherever_that_begins(before: int) -> None:
    """What is looked at first ends among these."""
    rules = ("======= " * 60)[:before]
    assert preview.from_text(f"{rules}{'-' * 9}{'word ' * 100}") == ("word " * 40).rstrip()


def test_it_shows_the_same_when_a_rule_is_cut_in_two() -> None:
    for words in range(190, 206):
        text = "x" * words + "-" * (405 - words) + "end"
        assert preview.from_text(text) == ("x" * words + " end")[:200].rstrip()


@pytest.mark.parametrize(
    ("html", "line"),
    [
        ("<p>Hello <b>B</b>ob</p><p>How are you?</p>", "Hello Bob How are you?"),
        ("<html><head><title>t</title><style>p{}</style></head><body>Hi</body>", "Hi"),
        ("<body><!-- c --><script>alert(1)</script>Hi &amp; bye", "Hi & bye"),
        ("<div>Yes</div><blockquote>Pickles?</blockquote>", "Yes"),
        ("<blockquote>Pickles?</blockquote>", "Pickles?"),
        ("<STYLE>x</STYLE>Hi", "Hi"),
        ("<style>never closed", ""),
        ("a < b", "a < b"),
        ("<img src=x>", ""),
    ],
)
def test_it_reads_html(html: str, line: str) -> None:
    assert preview.from_html(html) == line


def test_it_lays_html_out() -> None:
    html = "<h1>Menu</h1><p>Today:</p><ul><li>crêpes</li><li>cider</li></ul>"
    assert htmllayout.to_text(html).split() == ["Menu", "Today:", "*", "crêpes", "*", "cider"]


def test_it_lays_broken_html_out() -> None:
    assert htmllayout.to_text("<?xml version='1.0' encoding='utf-8'?>\x00<p>Hi\ud800").startswith("Hi")
    assert htmllayout.to_text("") == ""
    assert "x" in htmllayout.to_text("<div>" * 5000 + "x")


@pytest.mark.parametrize("piece", ["<", "<a", "<!--", "<style>", "<a ", "&", "-- \n", "> ", "x:\n>", "---\n", "(http:"])
def test_it_reads_hostile_text_in_one_pass(piece: str) -> None:
    text = piece * (200_000 // len(piece))
    preview.from_text(text)
    preview.from_html(text)
    htmltext.quick(text)


@given(st.text(max_size=300))
def test_it_never_raises(text: str) -> None:
    assert len(preview.from_text(text)) <= 200
    assert len(preview.from_html(text)) <= 200
    htmllayout.to_text(text).encode()
