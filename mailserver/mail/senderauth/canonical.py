"""Canonical forms of header fields and bodies (RFC 6376 §3.4), for verifying and for signing.

All work on octets with CRLF line ends. Bodies may have 36 MB, so they are changed by `bytes.replace` alone: a regular
expression that meets a million blanks, or a loop over lines, would take seconds.
"""

from __future__ import annotations

import re
from typing import Literal

Form = Literal["simple", "relaxed"]

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


def unsigned(field: bytes) -> bytes:
    """A DKIM-Signature field with an empty b= (RFC 6376 §3.5), everything else as it was."""
    return _SIGNATURE.sub(rb"\1\2", field, count=1)


def body(octets: bytes, form: Form) -> bytes:
    """The whole body (RFC 6376 §3.4.3, §3.4.4)."""
    if form == "relaxed":
        return _relaxed(octets)
    return octets[: _end(octets)] + b"\r\n"


def _relaxed(octets: bytes) -> bytes:
    if b"\t" in octets:
        octets = octets.replace(b"\t", b" ")
    # Each round halves the runs, so the longest one possible is gone after 26.
    while b"  " in octets:
        octets = octets.replace(b"  ", b" ")
    if b" \r\n" in octets:
        octets = octets.replace(b" \r\n", b"\r\n")
    if octets.endswith(b" "):
        octets = octets[:-1]
    end = _end(octets)
    return octets[:end] + b"\r\n" if end else b""


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
