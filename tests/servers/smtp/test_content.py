"""The reader of DATA without a socket: however the octets are cut, the answer is that of a plain definition."""

from __future__ import annotations

import errno
import re
import tempfile
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import replies
from mailserver.servers.smtp import data as reader
from mailserver.servers.smtp.data import IN_MEMORY, Content
from mailserver.servers.smtp.refusal import Refusal

PIECES = st.lists(st.sampled_from([b"\r\n", b".", b"\r", b"\n", b"x", b"\r\n.\r\n", b"\r\n..", b"\0"]), max_size=30)


def answer(stream: bytes, cuts: list[int], size_limit: int = 10_000, in_memory: int = IN_MEMORY):
    """(message or reply, rest), or None while there is no end."""
    with patch.object(reader, "IN_MEMORY", in_memory), Content(size_limit) as content:
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


@given(PIECES, st.data(), st.sampled_from([0, 7, IN_MEMORY]))
def test_it_answers_the_same_however_it_is_cut_and_wherever_it_is_kept(pieces, data, in_memory):
    stream = b"".join(pieces)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    assert answer(stream, cuts, in_memory=in_memory) == plain_definition(stream)


@pytest.mark.parametrize("size", range(1, 12))
def test_it_answers_the_same_in_packets_of_every_size(size):
    stream = b"a\r\n..\r\n.b\r\n\r\n.\r\nQUIT\r\n"
    assert answer(stream, list(range(size, len(stream), size))) == (b"a\r\n.\r\nb\r\n\r\n", b"QUIT\r\n")


@pytest.mark.parametrize(("octets", "fits"), [(98, True), (99, False), (105, False), (150, False)])
def test_it_measures_the_message_without_dots(octets, fits):
    found = answer(b"x" * octets + b"\r\n.\r\n", [1, 50, 90], size_limit=100)
    assert (found[0] is not replies.MESSAGE_TOO_LARGE) is fits
    assert answer(b"x" * octets + b"\r\n.\r\n", [1, 50, 90], size_limit=100, in_memory=0) == found


@pytest.mark.parametrize(
    ("content", "header"),
    [
        (b"A: b\r\nC: d\r\n\r\nE: f\r\n", b"A: b\r\nC: d"),
        (b"A: b\r\n", b"A: b\r\n"),
        (b"\r\nA: b\r\n\r\n", b""),
        (b"", b""),
        (b"x" * (2 << 20) + b"\r\n\r\n", b"x" * reader.MOST_HEADER),
    ],
)
def test_it_finds_the_header(content, header):
    assert reader.header(content) == header


def test_it_keeps_large_messages_on_the_disk(tmp_path):
    with Content(36 << 20, tmp_path) as content:
        for _ in range(64):
            assert content.feed((b"x" * 998 + b"\r\n") * 64) is None
            assert len(content._held) <= IN_MEMORY
        assert content.feed(b".\r\nQUIT\r\n") == b"QUIT\r\n"
        assert not list(tmp_path.iterdir())
        assert content.size == 4_096_000
        assert content.take() == (b"x" * 998 + b"\r\n") * 4096


@pytest.mark.parametrize("when", ["open", "write"])
def test_a_full_disk_is_told_after_the_end_mark(monkeypatch, caplog, when):
    full = OSError(errno.ENOSPC, "No space left on device")

    class Full:
        def write(self, octets: memoryview) -> int:
            raise full

        def close(self) -> None:
            pass

    def temporary(**values: object) -> Full:
        if when == "open":
            raise full
        return Full()

    monkeypatch.setattr(tempfile, "TemporaryFile", temporary)
    stream = (b"x" * 998 + b"\r\n") * 1000 + b".\r\nNOOP\r\n"
    assert answer(stream, [300_000, 600_000], size_limit=36 << 20) == (replies.SYSTEM_FULL, b"NOOP\r\n")
    assert "No space left" in caplog.text


def test_it_holds_little_of_what_is_too_large():
    content = Content(1000)  # never asked for a file
    for _ in range(20):
        assert content.feed(b"x" * 100) is None
        assert len(content._held) < 1300
    with pytest.raises(Refusal) as refused:
        content.feed(b"x" * 1000)
    assert refused.value.reply is replies.TOO_MUCH_DATA
