from __future__ import annotations

import pytest

from mailserver.net.transcript import MAX_LINES, MAX_TEXT, Transcript, printable


def test_it_keeps_order_sides_and_times():
    transcript = Transcript()
    transcript.note("Calling")
    transcript.server("220 ready")
    transcript.client("EHLO crepes.fr", transcript.now())
    lines = transcript.lines()
    assert [(line.side, line.text) for line in lines] == [
        ("note", "Calling"),
        ("server", "220 ready"),
        ("client", "EHLO crepes.fr"),
    ]
    assert [line.at for line in lines] == sorted(line.at for line in lines)


@pytest.mark.parametrize("extra", [-1, 0, 1, 500])
def test_it_keeps_beginning_and_end_of_a_long_dialogue(extra):
    transcript = Transcript()
    for number in range(MAX_LINES + extra):
        transcript.server(f"250 {number}")
    lines = transcript.lines()
    assert len(lines) <= MAX_LINES
    assert lines[0].text == "250 0"
    assert lines[-1].text == f"250 {MAX_LINES + extra - 1}"
    shown = sum(line.side == "server" for line in lines)
    notes = [line.text for line in lines if line.side == "note"]
    assert notes == ([] if shown == MAX_LINES + extra else [f"{MAX_LINES + extra - shown} lines left out"])


def test_it_cuts_long_lines():
    transcript = Transcript()
    transcript.server("250 " + "x" * 9000)
    assert len(transcript.lines()[0].text) == MAX_TEXT


@pytest.mark.parametrize("command", ["AUTH PLAIN AGFsaWNlAHNlY3JldA==", "auth  xoauth2 AGFsaWNlAHNlY3JldA=="])
def test_it_hides_credentials(command):
    transcript = Transcript()
    transcript.client(command, 0)
    assert "AGFs" not in transcript.lines()[0].text
    assert transcript.lines()[0].text.endswith("(hidden)")


def test_it_shows_the_rest_of_signing_in():
    transcript = Transcript()
    transcript.client("AUTH LOGIN", 0)
    assert transcript.lines()[0].text == "AUTH LOGIN"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("crêpe 日本 😀", "crêpe 日本 😀"),
        ("a\tb\x00c\x1b", "a\\tb\\x00c\\x1b"),
        ("\u202eabc\u2066", "\\u202eabc\\u2066"),
        ("\ud800", "\\ud800"),
    ],
)
def test_it_makes_text_harmless(text, shown):
    assert printable(text) == shown
