"""The reader of DATA without a socket: however the octets are cut, the answer is that of a plain definition."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import replies
from mailserver.servers.smtp.data import Content
from mailserver.servers.smtp.refusal import Refusal

PIECES = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"x", b"\r\n.\r\n", b"\r\n..", b"\0"]), max_size=30)


def answer(stream: bytes, cuts: list[int], size_limit: int = 10_000):
    """(message or reply, rest), or None while there is no end."""
    content = Content(size_limit)
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        if start == end:
            continue
        rest = content.feed(stream[start:end])
        if rest is not None:
            rest += stream[end:]
            try:
                return content.take(), bytes(rest)
            except Refusal as refusal:
                return refusal.reply, bytes(rest)
    return None


def plain_definition(stream: bytes):
    body, mark, rest = (b"\r\n" + stream).partition(b"\r\n.\r\n")
    if not mark:
        return None
    body += b"\r\n"
    if re.search(rb"(?<!\r)\n|\r(?!\n)", body):
        return replies.LONE_CR_OR_LF, rest
    return body.replace(b"\r\n.", b"\r\n")[2:], rest


@given(PIECES, st.data())
def test_it_answers_the_same_however_it_is_cut(pieces, data):
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    assert answer(stream, cuts) == plain_definition(stream)


@pytest.mark.parametrize("size", range(1, 12))
def test_it_answers_the_same_in_packets_of_every_size(size):
    stream = b"a\r\n..\r\n.b\r\n\r\n.\r\nQUIT\r\n"
    assert answer(stream, list(range(size, len(stream), size))) == (b"a\r\n.\r\nb\r\n\r\n", b"QUIT\r\n")


@pytest.mark.parametrize(("octets", "fits"), [(98, True), (99, False), (105, False), (150, False)])
def test_it_measures_the_message_without_dots(octets, fits):
    found = answer(b"x" * octets + b"\r\n.\r\n", [1, 50, 90], size_limit=100)
    assert (found[0] is not replies.MESSAGE_TOO_LARGE) is fits


def test_it_holds_little_of_what_is_too_large():
    content = Content(1000)
    for _ in range(20):
        assert content.feed(b"x" * 100) is None
        assert len(content._held) < 1300
    with pytest.raises(Refusal) as refused:
        content.feed(b"x" * 1000)
    assert refused.value.reply is replies.TOO_MUCH_DATA
