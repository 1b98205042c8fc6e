"""Strings of IMAP responses (RFC 9051 §4.3), all quoted: what would need a literal, CR and LF, is in none of them."""

from __future__ import annotations

import re

from mailserver.mail import encodedwords

NIL = "NIL"
_NOT_PLAIN = re.compile(r'["\\\x00-\x1f\x7f]')
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_ESCAPED = re.compile(r'(["\\])')
_QUOTED = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_PAIR = re.compile(r"\\(.)", re.DOTALL)


def quoted(text: str) -> str:
    """The text as a quoted string; control characters become spaces."""
    if _NOT_PLAIN.search(text):
        text = _ESCAPED.sub(r"\\\1", _CONTROLS.sub(" ", text))
    return f'"{text}"'


def nstring(text: str) -> str:
    """The text as a quoted string, NIL when there is none."""
    return quoted(text) if text else NIL


def seven_bit(form: bytes) -> bytes:
    """The form for clients that did not ask for UTF-8 (RFC 6855 §3): strings above 127 as RFC 2047 words.

    A string that has such words already is encoded as a whole: they would be cut off from each other.
    """
    return form if form.isascii() else _QUOTED.sub(_seven_bit, form)


def _seven_bit(string: re.Match[bytes]) -> bytes:
    if string[1].isascii():
        return string[0]
    text = _PAIR.sub(r"\1", string[1].decode("utf-8", "replace"))
    return b'"%b"' % encodedwords.encode(encodedwords.decode(text)).encode("ascii")
