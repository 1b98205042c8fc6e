"""Mailbox names in modified UTF-7 (RFC 3501 §5.1.3): what is not printable ASCII is base64 of UTF-16 in `&…-`."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from binascii import Error as NotBase64

from mailserver.mail import charset

_SHIFTED = re.compile(rb"&([A-Za-z0-9+,]*)-")
_ENCODED = re.compile("&|[^\x20-\x7e]+")


def encode(name: str) -> bytes:
    """The name as IMAP4rev1 writes it. Lone surrogates and NUL, which no stored name has, are not kept."""
    return _ENCODED.sub(_shift, charset.storable(name)).encode("ascii")


def decode(name: bytes) -> str | None:
    """The name that is written so; None when it is not modified UTF-7 or not the one way to write the name."""
    try:
        parts = _SHIFTED.split(name)
        # Every second part was found between `&` and `-`.
        text = "".join(_unshift(part) if at % 2 else part.decode("ascii") for at, part in enumerate(parts))
    except (UnicodeError, NotBase64):
        return None
    return text if encode(text) == name else None


def _shift(found: re.Match[str]) -> str:
    if found[0] == "&":
        return "&-"
    return f"&{b64encode(found[0].encode('utf-16-be')).decode('ascii').rstrip('=').replace('/', ',')}-"


def _unshift(base64: bytes) -> str:
    if not base64:
        return "&"
    padded = base64.replace(b",", b"/") + b"=" * (-len(base64) % 4)
    return b64decode(padded, validate=True).decode("utf-16-be")
