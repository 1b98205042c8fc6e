from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailserver.mail import mutf7


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("", b""),
        ("INBOX", b"INBOX"),
        ("Crêpes", b"Cr&AOo-pes"),
        # imaptest's own
        ("p\u00e4\u00e4", b"p&AOQA5A-"),
        # RFC 3501 §5.1.3
        ("~peter/mail/台北/日本語", b"~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
        ("R&D", b"R&-D"),
        ("&", b"&-"),
        ("&&", b"&-&-"),
        ("🥞", b"&2D7dXg-"),
        ("ä&ä", b"&AOQ-&-&AOQ-"),
        ("a\tb", b"a&AAk-b"),
    ],
)
def test_it_writes_and_reads_names(name, written):
    assert mutf7.encode(name) == written
    assert mutf7.decode(written) == name


@pytest.mark.parametrize(
    "written",
    [
        b"&",
        b"A & B",
        b"&AOQ",
        b"&AOQ.-",
        # printable ASCII in base64, two shifts where one will do, set bits after the end
        b"&AGE-",
        b"&AOQ-&AOQ-",
        b"&AOR-",
        # half a character, half a surrogate pair, a NUL
        b"&AO-",
        b"&2D0-",
        b"&AAA-",
        b"&A-",
        b"Cr\xc3\xaape",
        b"a\tb",
        # RFC 3501's examples of what is not permitted
        b"&Jjo!",
        b"&U,BTFw-&ZeVnLIqe-",
    ],
)
def test_it_tells_what_is_not_modified_utf7(written):
    assert mutf7.decode(written) is None


@given(st.text())
def test_it_reads_what_it_wrote(name):
    written = mutf7.encode(name)
    assert mutf7.decode(written) == name.replace("\x00", "")


@given(st.binary() | st.from_regex(rb"(&[A-Za-z0-9+,]{0,8}-|[ -~]){0,6}", fullmatch=True))
def test_it_never_fails_on_octets(written):
    name = mutf7.decode(written)
    assert name is None or mutf7.encode(name) == written
