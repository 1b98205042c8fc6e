from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import structure
from mailserver.mail.headers import Headers
from mailserver.mail.message import parse
from mailserver.mail.surrogate import NOBODY, Edit, Patch, edits, growth, header


def surrogate(raw: bytes) -> bytes:
    return Patch(edits(raw)).feed(raw)


def one(field: str | bytes) -> bytes:
    """What becomes of a field, without its line end."""
    octets = field.encode() if isinstance(field, str) else field
    made = surrogate(b"X-First: 1\r\n" + octets + b"\r\n\r\nBody\r\n")
    assert made.isascii()
    return made.removeprefix(b"X-First: 1\r\n").removesuffix(b"\r\nBody\r\n").removesuffix(b"\r\n")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Subject: Crêpes", b"Subject: =?utf-8?q?Cr=C3=AApes?="),
        ("SUBJECT: =?utf-8?q?Cr=C3=AApes_noires?= é", b"SUBJECT: =?utf-8?b?Q3LDqnBlcyBub2lyZXMgw6k=?="),
        (b"Subject: un caf\xe9 pour moi", b"Subject: =?utf-8?q?un_caf=C3=A9_pour_moi?="),
        ("From: Élodie <e@x.pt>", b"From: =?utf-8?q?=C3=89lodie?= <e@x.pt>"),
        ("To: e@café.pt", b"To: e@xn--caf-dma.pt"),
        (
            "Cc: é@x.pt, Bob <b@x.pt>",
            b"Cc: =?utf-8?b?w6lAeC5wdA==?= <%b>, Bob\r\n <b@x.pt>" % NOBODY.encode(),
        ),
        (
            "Reply-To: Zoë <é@x.pt>",
            b"Reply-To: =?utf-8?b?Wm/DqyDDqUB4LnB0?=\r\n <%b>" % NOBODY.encode(),
        ),
        (
            'Content-Disposition: attachment; filename="é.pdf"; size=3',
            b"Content-Disposition: attachment; filename*=utf-8''%C3%A9.pdf; size=3",
        ),
        ("Received: from é by x; Mon, 23 Nov 2026 10:00:00 +0000", b""),
        ("Message-ID: <é@x>", b""),
        ("List-Id: Café <cafe.x.pt>", b""),
        ("X-Ünknown: 1", b""),
        ("Comments: Grüße", b"Comments: =?utf-8?b?R3LDvMOfZQ==?="),
        ("no field é\r\nX-Last: 2", b"no field ??\r\nX-Last: 2"),
    ],
)
def test_what_becomes_of_fields(field, expected):
    assert one(field) == expected


LETTER = """From: Élodie <élodie@café.pt>\r
To: bob@hamburger.edu\r
Subject: Menu\r
Content-Type: multipart/mixed; boundary=b\r
\r
--b\r
Content-Type: text/plain; charset=utf-8\r
Content-Transfer-Encoding: 8bit\r
\r
Crêpes\r
--b\r
Content-Type: application/pdf; name=carte-été.pdf\r
\r
x\r
--b\r
Content-Type: message/global\r
\r
Subject: Ça va\r
\r
Oui, très bien\r
--b--\r
""".encode()


def test_headers_of_parts_and_of_enclosed_messages_too():
    made = surrogate(LETTER)
    for part in structure.walk(structure.scan(made)):
        assert made[part.header_start : part.body_start].isascii()
    assert b"\r\nTo: bob@hamburger.edu\r\nSubject: Menu\r\n" in made
    assert "\r\nCrêpes\r\n".encode() in made
    assert "\r\nOui, très bien\r\n".encode() in made
    before, after = parse(LETTER), parse(made)
    assert [item[0] for item in after.attachments] == [item[0] for item in before.attachments]
    assert after.sender.address == NOBODY
    assert after.sender.name == "Élodie élodie@café.pt"
    assert after.growth is None
    assert before.growth == len(made) - len(LETTER)


@pytest.mark.parametrize("body", ["plain", "crêpes"])
def test_a_message_with_plain_headers_stays_as_it_is(body):
    raw = f"Subject: =?utf-8?q?Cr=C3=AApes?=\r\n\r\n{body}\r\n".encode()
    assert edits(raw) == []
    assert parse(raw).growth is None


def test_the_fields_of_a_delivery():
    prefix = "Return-Path: <é@x.pt>\r\nDelivered-To: bob@hamburger.edu\r\n".encode()
    assert header(prefix) == b"Delivered-To: bob@hamburger.edu\r\n"
    assert header(b"Return-Path: <>\r\n") == b"Return-Path: <>\r\n"


@given(
    st.binary(max_size=60),
    st.lists(st.tuples(st.integers(0, 6), st.integers(1, 6), st.binary(max_size=5)), max_size=5),
    st.lists(st.integers(1, 9), max_size=20),
)
def test_a_patch_does_not_mind_where_it_is_cut(raw, steps, cuts):
    at, changed, expected = 0, [], b""
    for gap, length, octets in steps:
        start, end = at + gap, at + gap + length
        if end > len(raw):
            break
        changed.append(Edit(start, end, octets))
        expected += raw[at:start] + octets
        at = end
    expected += raw[at:]
    patch, made, at = Patch(changed), b"", 0
    for cut in [*cuts, len(raw)]:
        made += patch.feed(raw[at : at + cut])
        at += cut
    assert made == expected
    assert len(raw) + growth(changed) == len(made)


FIELDS = st.tuples(
    st.sampled_from(["Subject", "From", "To", "Content-Type", "Content-Disposition", "X-A", "Received", "é", ""]),
    st.text(st.characters(exclude_characters="\r\n")),
)


@given(st.lists(FIELDS, max_size=6), st.binary(max_size=20))
def test_no_header_is_beyond_ascii_afterwards(fields, body):
    raw = "".join(f"{name}: {value}\r\n" for name, value in fields).encode("utf-8", "replace") + b"\r\n" + body
    made = surrogate(raw)
    assert len(made) - len(raw) == growth(edits(raw))
    headers = Headers(made)
    assert made[: headers.end].isascii()


@given(st.binary(max_size=200))
def test_it_takes_any_octets(raw):
    surrogate(b"Subject: " + raw)
    header(raw)


@pytest.mark.parametrize(
    "unit",
    ["To: é@x.pt, {0}@café{0}.pt\r\n", "Subject: é{0}\r\n", "Content-Type: a/b; x{0}=é\r\n", "é{0}\r\n"],
)
def test_a_hostile_header_takes_no_longer_than_others(unit):
    raw = "".join(unit.format(number) for number in range(200_000 // len(unit))).encode() + b"\r\n\r\n"
    long = unit.format(0).rstrip().encode() + "é, <é@é.pt>".encode() * 20_000 + b"\r\n\r\n"
    began = time.process_time()
    for octets in (raw, long):
        made = surrogate(octets + b"body")
        assert made[: Headers(made).end].isascii()
    assert time.process_time() - began < 5
