from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.threading import base_subject, is_forward, is_reply


@pytest.mark.parametrize(
    "subject",
    [
        "Menu",
        "Re: Menu",
        "RE: re: Menu",
        "Re[2]: Menu",
        "Re(3): Menu",
        "AW: Menu",
        "SV: VS: Menu",
        "TR: Menu",
        "Fwd: Menu",
        "FW: Menu",
        "WG: AW: Menu",
        "RES: ENC: Menu",
        "回复: Menu",
        "转发：Menu",
        "답장: Menu",
        "Отв: Menu",
        "[cooks] Menu",
        "Re: [cooks] Re: Menu",
        "[cooks] [urgent] Re: Menu",
        "Menu (fwd)",
        "Menu (fwd) (fwd)  ",
        "[Fwd: Re: Menu]",
        "  Re :  \t Menu",
        "Rép: Menu",
    ],
)
def test_it_takes_marks_off(subject: str) -> None:
    assert base_subject(subject) == "Menu"


@pytest.mark.parametrize("subject", ["Results: good", "Trains", "[cooks]", "Reply", "I: think", "", "Answer: 42"])
def test_it_leaves_words_alone(subject: str) -> None:
    assert base_subject(subject) == subject


def test_it_knows_replies_and_forwards() -> None:
    assert is_reply("AW: Menu")
    assert is_reply("[list] Re[2]: Menu")
    assert not is_reply("Menu")
    assert is_forward("WG: Menu")
    assert not is_forward("Re: Fwd: Menu")


@given(st.text(max_size=100))
def test_it_is_stable(subject: str) -> None:
    base = base_subject(subject)
    assert base_subject(base) == base


@pytest.mark.parametrize("piece", ["Re:", "[", "[a]", "(fwd)", " ", "[fwd:", "re "])
def test_it_reads_a_hostile_subject(piece: str) -> None:
    base_subject(piece * (100_000 // len(piece)))
