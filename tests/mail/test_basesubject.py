from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.basesubject import base_subject


@pytest.mark.parametrize(
    ("subject", "base", "marked"),
    [
        ("Menu", "Menu", False),
        ("Re: Menu", "Menu", True),
        ("RE : fw:  FWD: Menu", "Menu", True),
        ("Re[2]: Menu", "Menu", True),
        ("Re [list] : Menu", "Menu", True),
        ("[cooks] Menu", "Menu", False),
        ("[cooks][urgent] Re: [x] Menu", "Menu", True),
        ("[cooks]", "[cooks]", False),
        ("Re: [cooks]", "[cooks]", True),
        ("[a] [b]", "[b]", False),
        ("Menu (fwd) (FWD)  ", "Menu", True),
        ("(fwd)", "", True),
        ("[Fwd: Re: Menu (fwd)]", "Menu", True),
        ("[fwd: [fwd: Menu]]", "Menu", True),
        ("[fwd:]", "", True),
        ("[Fwd: Menu] today", "today", False),
        ("Re:", "", True),
        ("Menu (fwd) today", "Menu (fwd) today", False),
        ("[cooks] Fwd: Menu", "Menu", True),
        ("", "", False),
        ("two\t  blanks\r\n here", "two blanks here", False),
        ("AW: Menu", "AW: Menu", False),
        ("Re(3): Menu", "Re(3): Menu", False),
        ("Reply: Menu", "Reply: Menu", False),
    ],
)
def test_what_is_left(subject, base, marked):
    assert base_subject(subject) == (base, marked)


def literal(subject: str) -> str:
    """RFC 5256 §2.1, step by step, as slow as it may be."""
    blob = r"\[[^\[\]]*\] *"
    text = re.sub("[ \t\r\n]+", " ", subject)
    while True:
        while found := re.search(r"(\(fwd\)| )\Z", text, re.I):
            text = text[: found.start()]
        while True:
            before = text
            text = re.sub(rf"\A(?:(?:{blob})*(?:re|fwd?) *(?:{blob})?:| )", "", text, flags=re.I)
            found = re.match(blob, text)
            if found and text[found.end() :].strip(" "):
                text = text[found.end() :]
            if text == before:
                break
        found = re.fullmatch(r"\[fwd:(.*)\]", text, re.I | re.S)
        if not found:
            return text
        text = found[1]


PIECES = st.lists(st.sampled_from(["re", "Fw", "fwd", ":", " ", "[", "]", "[a]", "(fwd)", "[fwd:", "x", "Re: ", "\t"]))


@given(PIECES.map("".join))
def test_it_is_what_the_rfc_says(subject):
    assert base_subject(subject)[0] == literal(subject)


@given(st.text())
def test_it_is_stable(subject):
    base, _ = base_subject(subject)
    assert base_subject(base) == (base, False)


@pytest.mark.parametrize("piece", ["Re:", "[", "[a]", "(fwd)", " ", "[fwd:", "re ", "[a] re:", "[fwd:x]"])
def test_a_hostile_subject_takes_no_longer_than_its_length(piece):
    began = time.process_time()
    base_subject(piece * (1_000_000 // len(piece)))
    base_subject("[fwd:" * 100_000 + "]" * 100_000)
    assert time.process_time() - began < 10
