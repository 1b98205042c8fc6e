from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.errors import MessageRefused
from mailserver.mail.headers import Headers
from mailserver.mail.submitted import authors, prepare

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
WHOLE = b"Date: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <1@crepes.fr>\r\nFrom: alice@crepes.fr\r\n"


def prepared(raw: bytes):
    return prepare(raw, sender="alice@crepes.fr", domain="crepes.fr", at=AT)


def test_it_leaves_a_complete_message_alone():
    raw = WHOLE + b"Subject: caf\xe9 =?broken\r\n  odd\tfolds \r\n\r\n\x00body\xff"
    result = prepared(raw)
    assert result.kept == raw
    assert result.outgoing is result.kept


def test_it_takes_out_bcc_and_nothing_else():
    raw = (
        WHOLE
        + b"bCC : bob@hamburger.edu,\r\n\tc@hamburger.edu\r\nTo: x@y.example\r\nResent-Bcc: z\r\n\r\nBcc: body\r\n"
    )
    result = prepared(raw)
    assert result.kept == raw
    assert result.outgoing == WHOLE + b"To: x@y.example\r\n\r\nBcc: body\r\n"


def test_it_takes_out_the_only_field():
    assert prepared(b"Bcc: bob@hamburger.edu\r\n\r\nHi\r\n").outgoing.endswith(b"\r\n\r\nHi\r\n")


def test_it_adds_date_and_message_id():
    raw = b"From: alice@crepes.fr\r\n\r\nHi\r\n"
    kept = prepared(raw).kept
    added = kept.removesuffix(raw)
    assert re.fullmatch(
        rb"Date: Mon, 23 Nov 2026 10:00:00 \+0000\r\nMessage-ID: <[A-Za-z0-9_-]{24}@crepes\.fr>\r\n", added
    )


def test_it_adds_only_what_is_missing():
    assert prepared(b"Date: x\r\nMessage-ID: <y>\r\n\r\n").kept.startswith(b"From: alice@crepes.fr\r\nDate: x\r\n")
    raw = b"DATE: today\r\nFrom: alice@crepes.fr\r\n\r\nHi\r\n"
    assert prepared(raw).kept.removesuffix(raw).startswith(b"Message-ID: <")
    empty = b"Date: x\r\nMessage-ID: \r\n\r\nHi\r\n"
    assert prepared(empty).kept.startswith(b"Message-ID: <")


@pytest.mark.parametrize("raw", [b"", b"just text\r\n", b"\r\nHi\r\n"])
def test_it_gives_a_header_to_what_has_none(raw):
    result = prepared(raw)
    assert Headers(result.kept).names() == ["date", "message-id", "from"]
    assert result.kept.endswith(b"\r\n\r\n" + raw)


def test_it_names_all_authors():
    found = authors(
        b"From: Alice <alice@crepes.fr>, bob@hamburger.edu\r\nFROM: x@y.example\r\nSender: s@t.example\r\n\r\n"
    )
    assert [person.address for person in found.writers] == ["alice@crepes.fr", "bob@hamburger.edu", "x@y.example"]
    assert [person.address for person in found.senders] == ["s@t.example"]


@pytest.mark.parametrize("header", [b"X: y\r\n" * 1000, b"X: " + b"y" * 300_000 + b"\r\n"])
def test_it_refuses_a_header_it_cannot_read_whole(header):
    with pytest.raises(MessageRefused):
        prepared(header + b"Bcc: bob@hamburger.edu\r\n\r\nHi\r\n")


@given(
    st.binary(max_size=200),
    st.lists(st.sampled_from([b"Bcc: b@c.example\r\n", b"To: x\r\n", b" fold\r\n"]), max_size=5),
)
def test_what_goes_out_has_no_bcc_and_the_same_body(body, fields):
    raw = WHOLE + b"".join(fields) + b"\r\n" + body
    result = prepared(raw)
    assert result.kept == raw
    assert "bcc" not in Headers(result.outgoing)
    assert result.outgoing.endswith(b"\r\n" + body)
