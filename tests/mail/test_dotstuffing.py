from __future__ import annotations

import poplib
from io import BytesIO
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mailserver.mail.dotstuffing import Stuffing, Top

OCTETS = st.binary(max_size=200) | st.lists(st.sampled_from([b".", b"\r\n", b"\n", b"\r", b"a", b".."])).map(b"".join)
LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"\xff"])).map(
    lambda found: b"".join(line + b"\r\n" for line in found)
)


def cut(content: bytes, places: list[int]) -> list[bytes]:
    borders = [0, *sorted(place % (len(content) + 1) for place in places), len(content)]
    return [content[start:end] for start, end in pairwise(borders)]


def stuffed(pieces: list[bytes]) -> bytes:
    stuffing = Stuffing()
    return b"".join(map(stuffing.feed, pieces)) + stuffing.end()


def top(pieces: list[bytes], lines: int) -> bytes:
    cutter = Top(lines)
    return b"".join(map(cutter.feed, pieces))


@given(OCTETS, st.lists(st.integers(0, 1000)))
def test_it_is_the_same_however_the_message_is_cut(content, places):
    assert stuffed(cut(content, places)) == stuffed([content])


@given(LINES, st.lists(st.integers(0, 1000)))
def test_it_says_what_the_rfc_says(content, places):
    expected = b"".join(b"." + line if line.startswith(b".") else line for line in content.splitlines(keepends=True))
    assert stuffed(cut(content, places)) == expected + b".\r\n"


@given(OCTETS)
def test_no_reader_takes_the_middle_of_a_message_for_its_end(content):
    said = stuffed([content])
    assert said.endswith(b"\r\n.\r\n") or said == b".\r\n"
    lines = said.split(b"\n")
    assert [number for number, line in enumerate(lines) if line.rstrip(b"\r") == b"."] == [len(lines) - 2]


@given(LINES)
def test_poplib_reads_what_was_sent(content):
    client = object.__new__(poplib.POP3)
    client.file, client._debugging = BytesIO(b"+OK\r\n" + stuffed([content])), 0
    _, lines, _ = client._getlongresp()
    assert b"".join(line + b"\r\n" for line in lines) == content


@given(LINES | OCTETS, LINES, st.integers(0, 12), st.lists(st.integers(0, 1000)))
@example(b"\r", b"", 0, [1])
def test_the_top_is_the_same_however_the_message_is_cut(header, body, lines, places):
    content = header + b"\r\n\r\n" + body
    assert top(cut(content, places), lines) == top([content], lines)


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"A: b\r\n\r\none\r\ntwo\r\n", 0, b"A: b\r\n\r\n"),
        (b"A: b\r\n\r\none\r\ntwo\r\n", 1, b"A: b\r\n\r\none\r\n"),
        (b"A: b\r\n\r\n\r\n\r\ntwo\r\n", 2, b"A: b\r\n\r\n\r\n\r\n"),
        (b"A: b\r\n\r\none\r\ntwo", 9, b"A: b\r\n\r\none\r\ntwo"),
        (b"A: b\n\none\ntwo\n", 1, b"A: b\n\none\n"),
        (b"\r\none\r\n", 0, b"\r\n"),
        (b"no body", 3, b"no body"),
        (b"", 3, b""),
    ],
)
def test_it_cuts_the_top_off(content, lines, expected):
    assert top([content], lines) == expected
