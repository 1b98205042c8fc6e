from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.net.smtp_content import BLOCK, blocks, dot_stuffed, whole_lines
from mailserver.practice.scripted import ScriptedServer
from tests.net.delivering import MESSAGE, send

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"\xff\0", b"x" * 1200]))


def wire(content: bytes) -> bytes:
    return b"".join(bytes(block) for block in blocks(whole_lines(content)))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b"", b".\r\n"),
        (b"a\r\n\r\n", b"a\r\n\r\n.\r\n"),
        (b".", b"..\r\n.\r\n"),
        (b".\r\n", b"..\r\n.\r\n"),
        (b"a\r\n.\r\n.b\r\n", b"a\r\n..\r\n..b\r\n.\r\n"),
        (b"a\r\n.\r\n.\r\n", b"a\r\n..\r\n..\r\n.\r\n"),
    ],
)
def test_it_stuffs_dots_and_ends_once(content, expected):
    assert wire(content) == expected


@pytest.mark.parametrize("end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r.\r\n", b"\r\n.\r"])
def test_it_smuggles_nothing(end):
    sent = wire(b"Subject: hi\r\n\r\nfirst" + end + b"MAIL FROM:<charlie@evil.test>\r\n")
    assert sent == b"Subject: hi\r\n\r\nfirst\r\n..\r\nMAIL FROM:<charlie@evil.test>\r\n.\r\n"


def test_it_leaves_good_content_alone():
    content = b"From: a\r\n\r\nb\r\n"
    assert whole_lines(content) is content
    assert dot_stuffed(content) is content


@given(lines=LINES)
def test_it_can_be_undone(lines):
    content = b"".join(line + b"\r\n" for line in lines)
    sent = wire(content)
    assert sent.endswith(b".\r\n")
    body = sent[: -len(b".\r\n")]
    assert b"\r\n.\r\n" not in b"\r\n" + body
    received = b"".join(line.removeprefix(b".") for line in body.splitlines(keepends=True)) if body else b""
    assert received == content


@given(content=st.binary(max_size=200))
def test_it_sends_whole_lines_only(content):
    sent = wire(content)
    assert sent.count(b"\r\n") == sent.count(b"\n") == sent.count(b"\r")
    assert sent.endswith(b".\r\n")


def test_it_cuts_large_messages_into_blocks():
    sizes = [len(block) for block in blocks(b"x" * (3 * BLOCK) + b"\r\n")]
    assert sizes == [BLOCK, BLOCK, BLOCK, 5]
    assert [len(block) for block in blocks(b"x" * BLOCK)] == [BLOCK + 3]


@pytest.mark.parametrize("size", [0, 1, BLOCK - 3, BLOCK, 5_000_000])
def test_it_arrives_octet_for_octet(size):
    content = b"Subject: big\r\n\r\n" + (b".\xe9 line\r\n" * (size // 10 + 1))[:size].removesuffix(b"\r") + b"\r\n"
    with ScriptedServer() as server:
        send(server, message=replace(MESSAGE, content=content, eight_bit=True))
    assert server.messages == [content]
    assert bytes(server.sessions[0].received).endswith(dot_stuffed(content) + b".\r\nQUIT\r\n")
