"""A message's octets as they go over the wire after DATA (RFC 5321 §4.5.2)."""

from __future__ import annotations

import re
from collections.abc import Iterator

# One send() under one timeout of RFC 5321 §4.5.3.2.5.
BLOCK = 64 * 1024

END_MARK = b".\r\n"

_ANY_LINE_END = re.compile(rb"\r\n|\r|\n")


def whole_lines(content: bytes) -> bytes:
    """`content` unchanged when all its line ends are CRLF and the last line has one, as nearly always.

    A CR or LF that stands alone becomes CRLF: RFC 5321 §2.3.8 forbids sending it, and a lax receiver could be
    made to see the end of the message in the middle of it (SMTP smuggling).
    """
    pairs = content.count(b"\r\n")
    if content.count(b"\n") != pairs or content.count(b"\r") != pairs:
        content = _ANY_LINE_END.sub(b"\r\n", content)
    return content if content.endswith(b"\r\n") or not content else content + b"\r\n"


def dot_stuffed(lines: bytes) -> bytes:
    """A dot before each line that begins with one, so that no line of the message can be the end mark."""
    stuffed = lines.replace(b"\r\n.", b"\r\n..") if b"\r\n." in lines else lines
    return b"." + stuffed if stuffed.startswith(b".") else stuffed


def blocks(lines: bytes) -> Iterator[memoryview]:
    """The stuffed content in pieces of `BLOCK` octets, the last one with the end mark; no copy of the whole."""
    wire_form = memoryview(dot_stuffed(lines))
    last = max(0, len(wire_form) - 1) // BLOCK * BLOCK
    for start in range(0, last, BLOCK):
        yield wire_form[start : start + BLOCK]
    yield memoryview(bytes(wire_form[last:]) + END_MARK)
