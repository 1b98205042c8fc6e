"""Canonical forms of header fields and bodies (RFC 6376 §3.4), for verifying and for signing.

All work on octets with CRLF line ends. Bodies may have 36 MB, so they are changed by `bytes.replace` alone: a regular
expression that meets a million blanks, or a loop over lines, would take seconds.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from mailserver.mail.headers import Field

Form = Literal["simple", "relaxed"]

# `replace` lets no other thread run, which the event loop of all sessions would feel above a few megabytes.
_BLOCK = 1024 * 1024
_WSP = re.compile(rb"[ \t]+")
# The value of b=, in the field itself or in its canonical form.
_SIGNATURE = re.compile(rb"(\A[^:]*:|;)([ \t\r\n]*b[ \t\r\n]*=)[^;]*")


def header_field(field: bytes, form: Form) -> bytes:
    """One field, name and line end included (RFC 6376 §3.4.1, §3.4.2); it ends with CRLF."""
    if form == "simple":
        return field if field.endswith(b"\r\n") else field + b"\r\n"
    name, _, value = field.partition(b":")
    unfolded = value.replace(b"\r\n", b"")
    return name.strip(b" \t").lower() + b":" + _WSP.sub(b" ", unfolded).strip(b" ") + b"\r\n"


def header(raw: bytes, fields: Sequence[Field], names: Sequence[str], form: Form) -> bytes:
    """The fields of `raw` that a signature names, in the order of `names` (lower case).

    Of equal names the last field comes first, then the ones above it; one that is not there adds nothing (RFC 6376
    §5.4.2).
    """
    left: dict[str, list[Field]] = {}
    for item in fields:
        left.setdefault(item.name, []).append(item)
    chosen = [left[name].pop() for name in names if left.get(name)]
    return b"".join(header_field(raw[item.start : item.end], form) for item in chosen)


def unsigned(field: bytes) -> bytes:
    """A DKIM-Signature field with an empty b= (RFC 6376 §3.5), everything else as it was."""
    return _SIGNATURE.sub(rb"\1\2", field, count=1)


def body(octets: bytes, form: Form) -> bytes:
    """The whole body (RFC 6376 §3.4.3, §3.4.4)."""
    if form == "relaxed":
        return _relaxed(octets)
    return octets[: _end(octets)] + b"\r\n"


def _relaxed(octets: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while at < len(octets):
        end = at + _BLOCK
        # No line end is cut in two.
        end += octets[end - 1 : end + 1] == b"\r\n"
        piece = _squeezed(octets[at:end])
        if pieces and pieces[-1].endswith(b" ") and piece.startswith((b" ", b"\r\n")):
            pieces[-1] = pieces[-1][:-1]
        pieces.append(piece)
        at = end
    whole = b"".join(pieces)
    whole = whole.removesuffix(b" ")
    end = _end(whole)
    return whole[:end] + b"\r\n" if end else b""


def _squeezed(octets: bytes) -> bytes:
    """One space for every run of white space, none at the end of a line."""
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    # Each round halves the runs.
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    return octets.replace(b" \r\n", b"\r\n") if b" \r\n" in octets else octets


def _end(octets: bytes) -> int:
    """Offset behind the last line that is not empty, its CRLF left out."""
    text = len(octets.rstrip(b"\r\n"))
    tail = octets[text:]
    if tail == b"\r\n" * (len(tail) // 2):
        return text
    end = len(octets)
    while octets.endswith(b"\r\n", 0, end):
        end -= 2
    return end
