"""Parts that hold NUL, for readers that cannot take it: a literal of IMAP holds none (RFC 9051 §9, CHAR8)."""

from __future__ import annotations

import re
from base64 import encodebytes

from mailserver.mail import structure
from mailserver.mail.encodings import IDENTITY
from mailserver.mail.structure import Part

_ENCODING = re.compile(rb"^content-transfer-encoding:.*(?:\r?\n[ \t].*)*\r?\n", re.IGNORECASE | re.MULTILINE)


def as_base64(raw: bytes) -> bytes:
    """The message with each part that holds NUL in base64, which RFC 3516 §4.1 lets a server do; else as it is."""
    if b"\0" not in raw:
        return raw
    pieces: list[bytes] = []
    at = 0
    for part in structure.walk(structure.scan(raw)):
        if not _must_change(raw, part):
            continue
        header = _ENCODING.sub(b"", raw[part.header_start : part.body_start])
        fields, _, _ = header.rpartition(b"\r\n")
        pieces += [raw[at : part.header_start], fields, b"Content-Transfer-Encoding: base64\r\n\r\n"]
        pieces.append(encodebytes(raw[part.body_start : part.body_end]).replace(b"\n", b"\r\n"))
        at = part.body_end
    return b"".join([*pieces, raw[at:]])


def _must_change(raw: bytes, part: Part) -> bool:
    if part.is_multipart or part.message is not None or part.encoding not in IDENTITY:
        return False
    return raw.find(b"\0", part.body_start, part.body_end) >= 0
