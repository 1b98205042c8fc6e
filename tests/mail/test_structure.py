from __future__ import annotations

import base64
import email
import json
from email.message import Message
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import structure
from mailserver.mail.structure import OPAQUE, Part, scan, walk
from tests.support import corpora

LETTER = b"""Subject: menu
Content-Type: multipart/mixed; boundary=outer

preamble
--outer
Content-Type: multipart/alternative; boundary="outer-inner"

--outer-inner
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: quoted-printable

Cr=C3=AApes
--outer-inner
Content-Type: text/html

<b>hi</b>
--outer-inner--

--outer
Content-Type: application/pdf; name=menu.pdf
Content-Disposition: attachment; filename*=utf-8''men%C3%BC.pdf
Content-Transfer-Encoding: base64
Content-ID: <pdf@crepes.fr>
Content-Description: the menu

JVBERi0xLjQ=
--outer
Content-Type: message/rfc822

Subject: inner
Content-Type: multipart/mixed; boundary=deep

--deep

text
--deep--
--outer--
epilogue
"""


def outline(part: Part) -> Any:
    below = [outline(child) for child in part.children] + ([outline(part.message)] if part.message else [])
    return (part.section, part.type, *below)


@pytest.mark.parametrize("raw", [LETTER, LETTER.replace(b"\n", b"\r\n")], ids=["LF", "CRLF"])
def test_it_finds_the_parts(raw: bytes) -> None:
    root = scan(raw)
    assert outline(root) == (
        "",
        "multipart/mixed",
        ("1", "multipart/alternative", ("1.1", "text/plain"), ("1.2", "text/html")),
        ("2", "application/pdf"),
        ("3", "message/rfc822", ("3", "multipart/mixed", ("3.1", "text/plain"))),
    )
    pdf = structure.find(root, "2")
    assert pdf
    assert (pdf.name, pdf.content_id, pdf.description) == ("menü.pdf", "pdf@crepes.fr", "the menu")
    assert (structure.content(raw, pdf), pdf.decoded_size) == (b"%PDF-1.4", 8)
    plain = structure.find(root, "1.1")
    assert plain
    assert structure.text(raw, plain) == "Crêpes"
    assert raw[plain.header_start :].startswith(b"Content-Type: text/plain")
    assert structure.find(root, "4") is None


def test_a_simple_message_has_one_part() -> None:
    root = scan(b"Subject: x\r\n\r\nline\r\nline\r\n")
    assert (root.section, root.type, root.lines, root.decoded_size) == ("1", "text/plain", 2, 12)


@pytest.mark.parametrize(
    "raw",
    [
        b"Content-Type: multipart/mixed\n\ntext",
        b"Content-Type: multipart/mixed; boundary=b\n\ntext",
        b"Content-Type: multipart/mixed; boundary=b\n\ntext\n--b--\n",
        b"Content-Type: multipart/mixed; boundary=\n\ntext",
    ],
)
def test_a_multipart_without_parts_is_text(raw: bytes) -> None:
    assert outline(scan(raw)) == ("1", "text/plain")


def test_a_multipart_may_end_early() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\none\n--b\n\ntwo"
    assert [structure.text(raw, part) for part in scan(raw).children] == ["one", "two"]


def test_a_body_may_begin_with_its_delimiter() -> None:
    raw = b"--b\n\none\n--b--"
    scanner = structure._Scanner(raw)
    assert list(scanner._delimiters(0, len(raw), "b")) == [(0, 4, False), (9, 14, True)]


def test_depth_is_bounded() -> None:
    raw = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(200))
    parts = list(walk(scan(raw)))
    assert len(parts) == structure.MAX_DEPTH + 1
    assert parts[-1].type == OPAQUE


def test_enclosed_messages_are_bounded_in_depth() -> None:
    parts = list(walk(scan(b"Content-Type: message/rfc822\n\n" * 200)))
    assert len(parts) <= structure.MAX_DEPTH + 2
    assert parts[-1].type == OPAQUE


def test_the_number_of_parts_is_bounded() -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 5000 + b"--b--\n"
    root = scan(raw)
    assert len(list(walk(root))) <= structure.MAX_PARTS + 1
    last = root.children[-1]
    assert (last.type, last.body_end) == (OPAQUE, len(raw))


def test_the_octets_of_all_headers_are_bounded() -> None:
    part = b"--b\n" + b"A: b\n" * 40_000 + b"\nx\n"
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + part * 40
    kinds = [child.type for child in scan(raw).children]
    assert len(kinds) == 40
    assert kinds.index(OPAQUE) in range(15, 25)
    assert set(kinds[-10:]) == {OPAQUE}


def test_the_search_for_delimiters_is_bounded() -> None:
    nested = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(40))
    parts = list(walk(scan(nested + b"\n" + b"x" * 5_000_000)))
    assert len(parts) == structure._MAX_SEARCHES + 1
    assert parts[-1].type == OPAQUE
    assert len(list(walk(scan(nested + b"\nx")))) == 41


@pytest.mark.parametrize("line", [b"--b\n", b"--bx\n", b"\n--b", b"--b--x\n", b"--", b"\r\n", b"--b \n\n"])
def test_it_scans_a_hostile_body_in_one_pass(line: bytes) -> None:
    raw = b"Content-Type: multipart/mixed; boundary=b\n\n" + line * (8_000_000 // len(line))
    check_offsets(raw, scan(raw))


def test_base64_of_an_enclosed_message_is_not_opened() -> None:
    inner = base64.b64encode(b"Subject: x\n\ny")
    root = scan(b"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n" + inner)
    assert (root.type, root.message, root.decoded_size) == ("message/rfc822", None, 13)


def check_offsets(raw: bytes, root: Part) -> None:
    for part in walk(root):
        assert 0 <= part.header_start <= part.body_start <= part.body_end <= len(raw)
        for child in [*part.children, *([part.message] if part.message else [])]:
            assert part.body_start <= child.header_start
            assert child.body_end <= part.body_end
        assert part.is_multipart == bool(part.children)


pieces = st.sampled_from(
    [
        b"Content-Type: multipart/mixed; boundary=b\r\n",
        b"Content-Type: multipart/digest; boundary=c\n",
        b"Content-Type: message/rfc822\n",
        b"Content-Transfer-Encoding: base64\n",
        b"Content-Transfer-Encoding: x-uuencode\n",
        *(b"A: b\n", b"\r\n", b"\n", b"--b\r\n", b"--b--\n", b"--c\n", b"text", b"=", b"M;'", b"\xff"),
    ]
)


@given(st.one_of(st.binary(max_size=300), st.lists(pieces, max_size=40).map(b"".join)))
def test_it_never_raises_and_offsets_lie_inside(raw: bytes) -> None:
    root = scan(raw)
    check_offsets(raw, root)
    for part in walk(root):
        assert part.is_multipart or len(structure.content(raw, part)) == part.decoded_size
        structure.text(raw, part).encode()
    value = structure.to_json(root)
    assert structure.from_json(json.loads(json.dumps(value))) == root


@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_offsets_of_the_corpora(path: Path) -> None:
    raw = path.read_bytes()
    root = scan(raw)
    check_offsets(raw, root)
    assert structure.from_json(json.loads(json.dumps(structure.to_json(root)))) == root


def stdlib_leaves(message: Message) -> list[Message]:
    """The parts below; the stdlib opens every message/* part, we open enclosed messages only."""
    if message.get_content_maintype() == "message" and message.get_content_type() not in structure.MESSAGE_TYPES:
        return [message]
    if not message.is_multipart():
        return [message]
    return [leaf for part in message.get_payload() for leaf in stdlib_leaves(part)]


# The stdlib drops empty parts between delimiter lines that follow each other; RFC 2046 and Java's parser do not.
_OTHERWISE = {"msg_37.eml"}


@corpora.needed
@pytest.mark.parametrize("path", corpora.parameters())
def test_it_agrees_with_the_stdlib_where_that_is_sure(path: Path) -> None:
    raw = path.read_bytes()
    message = email.message_from_bytes(raw)
    if path.name in _OTHERWISE or any(part.defects for part in message.walk()):
        return
    theirs = stdlib_leaves(message)
    ours = [part for part in walk(scan(raw)) if not part.children and not part.message]
    assert [part.type for part in ours] == [part.get_content_type() for part in theirs]
    for their, our in zip(theirs, ours, strict=True):
        if not their.is_multipart():
            assert structure.content(raw, our) == their.get_payload(decode=True)
