"""Strings of IMAP responses (RFC 9051 §4.3), all quoted: what would need a literal, CR and LF, is in none of them."""

from __future__ import annotations

import re

from mailserver.mail import encodedwords

NIL = "NIL"
_NOT_PLAIN = re.compile(r'["\\\x00-\x1f\x7f]')
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_QUOTED = re.compile(rb'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
# Octets encoded in one form, and what the work on a string costs besides them: forms are sent often.
_MAX_ENCODED, _STRING = 64 * 1024, 64
_PAIR = re.compile(r"\\(.)", re.DOTALL)


def quoted(text: str) -> str:
    """The text as a quoted string; control characters become spaces."""
    if _NOT_PLAIN.search(text):
        text = _CONTROLS.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def nstring(text: str) -> str:
    """The text as a quoted string, NIL when there is none."""
    return quoted(text) if text else NIL


def seven_bit(form: bytes) -> bytes:
    """The form for clients that did not ask for UTF-8 (RFC 6855 §3): strings above 127 as RFC 2047 words.

    A string that has such words already is encoded as a whole: they would be cut off from each other. Behind
    64 KiB of such text `?` stands for each character.
    """
    if form.isascii():
        return form
    pieces, at, room = [], 0, _MAX_ENCODED
    for string in _QUOTED.finditer(form):
        if string[1].isascii():
            continue
        room -= _STRING + len(string[1])
        if room < 0:
            break
        text = _PAIR.sub(r"\1", string[1].decode("utf-8", "replace"))
        words = encodedwords.encode(encodedwords.decode(text)).encode("ascii")
        pieces += [form[at : string.start(1)], words]
        at = string.end(1)
    rest = form[at:].decode("utf-8", "replace").encode("ascii", "replace")
    return b"".join([*pieces, rest])
