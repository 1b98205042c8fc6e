from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.headers import Headers, header_end, message_ids, split_header
from tests.support import corpora


def test_it_reads_fields() -> None:
    headers = Headers(
        b"Subject: =?utf-8?q?Caf=C3=A9?=\r\nTo: a@b.c,\r\n\td@e.f\r\nX : 1\r\nto: g@h.i\r\nraw: Gr\xc3\xbc\xdfe\r\n\r\n"
    )
    assert headers.names() == ["subject", "to", "x", "to", "raw"]
    assert headers.get("Subject") == "Café"
    assert headers.get("TO") == "a@b.c,\td@e.f".replace("\t", " ")
    assert headers.get_all("to") == ["a@b.c, d@e.f", "g@h.i"]
    assert headers.undecoded("to") == "a@b.c, d@e.f, g@h.i"
    assert headers.raw("to") == b" a@b.c,\r\n\td@e.f\r"
    assert headers.get("x") == "1"
    assert headers.get("none", "-") == "-"
    assert "subject" in headers
    assert "None" not in headers


def test_it_takes_controls_out_of_values() -> None:
    headers = Headers(b"Subject: a\x00b\x07c =?utf-8?q?d=00=0D=0ABcc:_x?=\r\n")
    assert headers.get("subject") == "ab c d Bcc: x"


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b"A: b\r\n\r\nbody", b"body"),
        (b"A: b\n\nbody", b"body"),
        (b"\r\nbody", b"body"),
        (b"", b""),
        (b"A: b\r\n", b""),
        (b"A: b", b""),
        (b"A: b\r\n c\r\n\r\nbody", b"body"),
        (b"From alice Tue May 12\r\nA: b\r\n\r\nbody", b"body"),
        # no header at all, as typed by hand
        (b"Do you like ketchup?\r\nHow about pickles?\r\n", b"Do you like ketchup?\r\nHow about pickles?\r\n"),
        (b"Received: x\r\nDo you like ketchup?\r\n\r\nYes", b"Do you like ketchup?\r\n\r\nYes"),
        # a broken fold in the middle
        (b"A: b\r\nbroken fold\r\nC: d\r\n\r\nbody", b"body"),
        # the separator holds a space
        (b"A: b\r\n \r\nbody one\r\nbody two\r\n", b"body one\r\nbody two\r\n"),
    ],
)
def test_it_finds_the_body(raw: bytes, body: bytes) -> None:
    block, offset = split_header(raw)
    assert (raw[offset:], raw[:offset]) == (body, block)


def test_it_bounds_the_header() -> None:
    raw = b"A: " + b"b" * 99 + b"\r\n"
    assert split_header(raw * 10_000 + b"\r\nbody")[1] <= 256 * 1024
    assert len(Headers(b"A: b\r\n" * 5000).fields) == 1000


@pytest.mark.parametrize("line", [b"x\n", b"\x00", b"a:\n", b"a", b"a\n b", b": x\n", b" \n", b"x\nA: b\n", b"\r"])
def test_it_reads_a_hostile_header_in_one_pass(line: bytes) -> None:
    raw = line * (256 * 1024 // len(line))
    Headers(raw)
    Headers(raw + b"\n\n")


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("", []),
        ("<>", []),
        ("<a@b>", ["a@b"]),
        ("<a@b> (comment) <c@d>\t<a@b>", ["a@b", "c@d"]),
        ("< a@b >", ["a@b"]),
        ("a@b c@d", ["a@b", "c@d"]),
    ],
)
def test_it_reads_message_ids(text: str, ids: list[str]) -> None:
    assert message_ids(text) == ids


def test_it_keeps_the_ends_of_a_long_list_of_ids() -> None:
    ids = message_ids(" ".join(f"<{number}@x>" for number in range(500)))
    assert (len(ids), ids[0], ids[1], ids[-1]) == (200, "0@x", "301@x", "499@x")


@corpora.needed
def test_it_agrees_with_the_id_table() -> None:
    for case in corpora.table("mail-parser-rfc", "tables/id.json"):
        headers = Headers(b"References: " + case["header"].encode())
        assert message_ids(headers.get("references")) == (case["expected"] or [])


@given(st.binary(max_size=400))
def test_it_never_raises(raw: bytes) -> None:
    headers = Headers(raw)
    for name in headers.names():
        headers.get(name).encode()
        assert not set(headers.get(name)) & {"\x00", "\r", "\n"}
    assert 0 <= header_end(raw, 0, len(raw)) <= len(raw)


@given(st.lists(st.sampled_from([b"A: b", b"\r\n", b"\n", b" c", b"d", b"From ", b":"]), max_size=30))
def test_fields_lie_inside_the_header(pieces: list[bytes]) -> None:
    raw = b"".join(pieces)
    end = header_end(raw, 0, len(raw))
    fields = Headers(raw).fields
    assert all(0 <= field.start < field.end <= end for field in fields)
    assert [field.start for field in fields] == sorted(field.start for field in fields)
