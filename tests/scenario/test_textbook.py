"""The textbook's six steps, between two complete servers."""

from __future__ import annotations

import re

import pytest

from tests.scenario import textbook

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def story():
    """The story, played once for all tests here."""
    return textbook.play(print)


def test_it_goes_through_the_six_steps(story):
    assert len(story.stops) == 6
    assert [stop.state for stop in story.stops[:5]] == [""] * 5
    assert "Alice" in story.stops[0].title
    assert "SMTP" in story.stops[1].sentence
    assert "queue" in story.stops[2].title
    assert "servers" in story.stops[3].title


def test_it_speaks_the_dialogue_of_the_textbook(story):
    said = [f"{'S' if side == 'server' else 'C'} {line}" for side, line in story.dialogue if side != "note"]
    wanted = [
        r"S 220 mx1\.hamburger\.edu",
        r"C (EHLO|HELO) mail\.crepes\.fr",
        r"S 250",
        r"C MAIL FROM:<alice@crepes\.fr>",
        r"C RCPT TO:<bob@hamburger\.edu>",
        r"C DATA",
        r"S 354",
        r"C .*\.$",
        r"S 250 2\.0\.0 Stored as [A-Z2-7]{10,16}",
        r"C QUIT",
        r"S 221",
    ]
    rest = iter(said)
    for pattern in wanted:
        assert any(re.match(pattern, line, re.DOTALL) for line in rest), (pattern, said)


def test_it_does_not_tell_on_bob(story):
    assert "hamburger.edu" in story.headline
    assert "read" not in story.headline.casefold()
    assert story.stops[5].state == "todo"


def test_it_lets_bob_read_what_alice_wrote(story):
    assert "the batter has rested and so have I" in story.conversation
    assert story.recipe == textbook.RECIPE.data
    assert "mail.crepes.fr" in story.arrival[3].title
    assert "mailbox" in story.arrival[4].title
    assert story.arrival[5].state == ""


def test_it_crosses_the_wire_encrypted(story):
    assert any("TLS 1." in line for side, line in story.dialogue if side == "note"), story.dialogue


def test_it_leaves_the_trace_of_both_servers(story):
    received = re.findall(r"Received: from \S+.*?by (\S+)", story.source, re.DOTALL)
    assert received == ["mx1.hamburger.edu", "mail.crepes.fr"]
    assert "Return-Path: <alice@crepes.fr>" in story.source
    assert "Delivered-To: bob@hamburger.edu" in story.source
