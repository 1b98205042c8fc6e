"""What happens to clean HTML before it is framed: quotes, colours, height."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmail.rendering import colours, height, quotes

QUOTE = '<blockquote type="cite">old words</blockquote>'


def test_it_folds_the_quote_at_the_end_with_its_introduction():
    html = quotes.folded(f"<div><p>My answer is a longer one.</p><p>On Sunday, Alice wrote:</p>{QUOTE}<br></div>")
    assert "<details><summary>•••</summary><p>On Sunday, Alice wrote:</p><blockquote" in html
    assert html.index("longer one") < html.index("<details>")


@pytest.mark.parametrize(
    "html",
    [
        f"<p>Before, quite a few words</p>{QUOTE}<p>after it</p>",
        f"<p>Before, quite a few words</p>{QUOTE} text",
        QUOTE,
        f"<p>Short</p>{QUOTE}",
        "<p>No quote at all</p>",
    ],
)
def test_it_leaves_other_quotes_where_they_are(html):
    assert "<details>" not in quotes.folded(html)


@pytest.mark.parametrize(
    ("html", "adapted", "own"),
    [
        ('<p style="color: #333; margin: 0">x</p>', '<p style=" margin: 0">x</p>', False),
        ('<p style="color:rgb(120, 121, 122)">x</p>', f'<p style="color: {colours.SOFT}">x</p>', False),
        ('<font color="#000000">x</font>', "<font>x</font>", False),
        ('<p style="color: #1a73e8">x</p>', '<p style="color: #1a73e8">x</p>', True),
        ('<p style="color: white">x</p>', '<p style="color: white">x</p>', True),
        ('<td bgcolor="#fff" style="color:#333">x</td>', '<td bgcolor="#fff" style="color:#333">x</td>', True),
        ('<p style="background-color:#fff">x</p>', '<p style="background-color:#fff">x</p>', True),
        ("<p>colour: none</p>", "<p>colour: none</p>", False),
        ("<p>The color: black; yes</p>", "<p>The color: black; yes</p>", False),
        ("<p>I said color: red; or bgcolor= red</p>", "<p>I said color: red; or bgcolor= red</p>", False),
    ],
)
def test_it_lets_grey_type_follow_the_theme(html, adapted, own):
    assert colours.adapted(html) == adapted
    assert colours.has_own(adapted) is own


def test_it_guesses_taller_for_more_and_for_narrower():
    short, long = "<p>Hello</p>", "<p>" + "word " * 400 + "</p>"
    assert height.estimate(short, 700) < height.estimate(long, 700) < height.estimate(long, 340)
    assert height.LOWEST <= height.estimate("", 700) <= height.estimate(long * 500, 340) <= height.HIGHEST


def test_it_counts_pictures_and_rows_by_the_tallest_cell():
    row = '<table><tr><td><img width="200" height="300"></td><td>text</td></tr></table>'
    assert 300 < height.estimate(row, 700) < 360


@given(st.text(alphabet=st.sampled_from('<>/ =";:abdiptrquote#0123x'), max_size=300))
def test_it_survives_any_html(html):
    height.estimate(html, 340)
    colours.has_own(colours.adapted(html))
    quotes.folded(html)


def test_it_reads_hostile_html_in_linear_time():
    started = time.process_time()
    for html in ("<div>" * 400 + "x", "<b>" * 20_000, "<p style='" + "color:" * 20_000 + "'>", "<blockquote>" * 400):
        height.estimate(html, 700)
        colours.has_own(colours.adapted(html))
        quotes.folded(html)
    assert time.process_time() - started < 20
