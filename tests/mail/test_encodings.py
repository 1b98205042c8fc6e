from __future__ import annotations

import base64
import binascii

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail.encodings import decode, decoded_size, encoding_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("BASE64", "base64"),
        ("Quoted-Printable ", "quoted-printable"),
        ("quoted printable", "quoted-printable"),
        ("7-bit", "7bit"),
        ("8bits", "8bit"),
        ('"base64";', "base64"),
        ("", "7bit"),
        ("spam", "binary"),
    ],
)
def test_it_knows_what_is_meant(text: str, name: str) -> None:
    assert encoding_name(text) == name


@pytest.mark.parametrize(
    ("body", "encoding", "octets"),
    [
        (b"SGVs\r\nbG8=\r\n", "base64", b"Hello"),
        (b"SGVsbG8", "base64", b"Hello"),
        (b"SGVsbG8=\r\n____\r\nfooter of a list", "base64", b"Hello"),
        (b"!!SGVs!bG8=", "base64", b"Hello"),
        (b"S", "base64", b""),
        (b"a=3Db=\r\nc=\nd", "quoted-printable", b"a=bcd"),
        (b"100% =zz =", "quoted-printable", b"100% =zz "),
        (b"a  \r\nb = \t\r\nc\t=20 \nd ", "quoted-printable", b"a\r\nb c\t \nd"),
        (b"begin 644 x\n%2&5L;&\\\n`\nend\n", "x-uuencode", b"Hello"),
        (b"=41", "binary", b"=41"),
    ],
)
def test_it_decodes(body: bytes, encoding: str, octets: bytes) -> None:
    assert decode(body, encoding) == octets


@given(st.binary(max_size=200))
def test_what_is_encoded_comes_back(octets: bytes) -> None:
    assert decode(base64.encodebytes(octets), "base64") == octets
    assert decode(binascii.b2a_qp(octets, istext=False), "quoted-printable") == octets
    lines = [binascii.b2a_uu(octets[at : at + 45]) for at in range(0, len(octets), 45)]
    assert decode(b"begin 644 x\n" + b"".join(lines) + b"`\nend\n", "x-uuencode") == octets


@given(
    st.text("ab=+\r\n -", max_size=40) | st.binary(max_size=60).map(lambda octets: base64.b64encode(octets).decode())
)
def test_the_size_is_known_without_decoding(text):
    assert decoded_size(text.encode(), "base64") == len(decode(text.encode(), "base64"))


@given(st.binary(max_size=200), st.sampled_from(["base64", "quoted-printable", "x-uuencode"]))
def test_it_never_raises(body: bytes, encoding: str) -> None:
    decode(body, encoding)


def test_endless_uuencode_stays_as_it_is() -> None:
    body = b"M\n" * 600_000
    assert decode(body, "x-uuencode") == body
