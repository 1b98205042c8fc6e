from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from webmail.rendering import text


def kinds(source: str) -> list[tuple[str, str, bool]]:
    return [(piece.kind, piece.html, piece.folded) for piece in text.pieces(source)]


def test_it_separates_text_quote_and_signature():
    source = "Yes.\n\nOn Sunday, Alice wrote:\n> Coming?\n>\n> A\n\n-- \nBob\n"
    assert kinds(source) == [
        ("text", "Yes.", False),
        ("quote", "On Sunday, Alice wrote:\nComing?\n\nA", True),
        ("signature", "Bob", False),
    ]


def test_it_shows_quotes_that_are_answered_between():
    source = "> Coming?\nYes.\n> With pans?\nTwo."
    assert [(kind, folded) for kind, _, folded in kinds(source)] == [
        ("quote", False), ("text", False), ("quote", False), ("text", False),
    ]  # fmt: skip


def test_it_never_folds_all_there_is():
    assert kinds("> only a quote") == [("quote", "only a quote", False)]


@pytest.mark.parametrize(
    ("source", "link"),
    [
        ("see https://x.example/a?b=1&c=2.", "https://x.example/a?b=1&c=2"),
        ("(https://x.example/wiki/Pan_(pot))", "https://x.example/wiki/Pan_(pot)"),
        ("HTTPS://X.example!", "HTTPS://X.example"),
        ("ask bob@hamburger.edu,", "mailto:bob@hamburger.edu"),
    ],
)
def test_it_links_addresses_and_leaves_the_sentence_alone(source, link):
    html = text.linked(source)
    tree = LexborHTMLParser(html)
    assert [node.attributes["href"] for node in tree.css("a")] == [link]
    assert tree.css_first("a").attributes["rel"] == "noopener noreferrer"
    assert tree.body.text() == source


@pytest.mark.parametrize("source", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "www.x.example"])
def test_it_links_nothing_else(source):
    assert "<a" not in text.linked(source)


@given(st.text(alphabet=st.sampled_from("<>\"'& ahtps:/.@x\n"), max_size=200))
def test_it_escapes_everything(source):
    tree = LexborHTMLParser(text.linked(source))
    assert {node.tag for node in tree.css("*")} <= {"html", "head", "body", "a"}


@given(st.text(max_size=300))
def test_it_loses_no_text(source):
    shown = "".join(LexborHTMLParser(piece.html).body.text() for piece in text.pieces(source) if piece.html)
    letters = [char for char in source if char.isalnum()]
    assert [char for char in shown if char.isalnum()] == letters


def test_it_joins_lines_a_program_broke():
    source = (
        "You once fed two hundred and thirty-one people for us. Will you let us\n"
        "feed you? The Faculty Club has promised me a table by the window and a\n"
        "cook who is not afraid.\n\nAdaeze"
    )
    (piece,) = text.pieces(source)
    assert piece.html.count("\n") == 2


def test_it_keeps_lines_a_person_broke():
    source = "This line is so long that a program may have broken it after the sixtieth letter\n\n"
    source += "Roses are red\nviolets too\n- a\n- b"
    (piece,) = text.pieces(source)
    assert piece.html.endswith("Roses are red\nviolets too\n- a\n- b")


@pytest.mark.parametrize(
    ("flowed", "delsp", "plain"),
    [
        ("one \ntwo\nthree", False, "one two\nthree"),
        ("on \ne", True, "one"),
        ("> a \n> b\nc", False, "> a b\nc"),
        ("-- \nBob", False, "-- \nBob"),
    ],
)
def test_it_joins_flowed_paragraphs(flowed, delsp, plain):
    assert text.unflowed(flowed, delsp=delsp) == plain


def test_it_reads_hostile_text_in_linear_time():
    started = time.process_time()
    for source in ("(" * 50_000, "a@" * 50_000, "http://" + ")" * 50_000, ">" * 50_000, "wrote:\n>" * 20_000):
        text.pieces(source)
    assert time.process_time() - started < 20
