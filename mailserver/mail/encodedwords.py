"""RFC 2047 encoded words: reading what senders write, writing what receivers read."""

from __future__ import annotations

import base64
import binascii
import re

from mailserver.mail import charset

MAX_WORDS = 1000
_OPENING = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?([BbQq])\?")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_Q_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
# RFC 2047 §2: an encoded word has at most 75 characters; `=?utf-8?b?` and `?=` take 12 of them.
_PAYLOAD = 45


def decode(text: str) -> str:
    """The text with its encoded words decoded; what is no encoded word stays as it is. Never raises.

    White space between two encoded words is dropped (§6.2). Neighbours in one charset are joined as
    octets first: many senders cut a multi-byte character between two words.
    """
    if "=?" not in text:
        return text
    plain: list[str] = []
    pending: tuple[str, bytes] | None = None
    at = 0
    for start, end, name, octets in _words(text):
        gap = text[at:start]
        if pending and not gap.strip():
            if pending[0] == name:
                octets = pending[1] + octets
            else:
                plain.append(charset.decode(pending[1], pending[0]))
        else:
            if pending:
                plain.append(charset.decode(pending[1], pending[0]))
            plain.append(gap)
        pending, at = (name, octets), end
    if pending:
        plain.append(charset.decode(pending[1], pending[0]))
    plain.append(text[at:])
    return charset.storable("".join(plain))


def encode(text: str) -> str:
    """The text as UTF-8 encoded words of at most 75 characters, separated by one space."""
    words, octets = [], b""
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(octets) + len(more) > _PAYLOAD:
            words.append(octets)
            octets = b""
        octets += more
    words.append(octets)
    return " ".join(f"=?utf-8?b?{base64.b64encode(word).decode('ascii')}?=" for word in words)


def _words(text: str) -> list[tuple[int, int, str, bytes]]:
    """(start, end, charset, octets) of each encoded word."""
    found: list[tuple[int, int, str, bytes]] = []
    at = text.find("=?")
    while at >= 0 and len(found) < MAX_WORDS:
        opening = _OPENING.match(text, at)
        if not opening:
            at = text.find("=?", at + 2)
            continue
        close = text.find("?=", opening.end())
        if close < 0:
            break
        payload = text[opening.end() : close]
        octets = _q(payload) if opening[2] in "qQ" else _b(payload)
        found.append((at, close + 2, opening[1].lower(), octets))
        at = text.find("=?", close + 2)
    return found


def _q(payload: str) -> bytes:
    """RFC 2047 §4.2."""
    octets = payload.replace("_", " ").encode("utf-8", "replace")
    return _Q_HEX.sub(lambda found: binascii.unhexlify(found[1]), octets)


def _b(payload: str) -> bytes:
    """RFC 2047 §4.1, junk skipped and missing padding forgiven."""
    digits = "".join(character for character in payload if character in _BASE64)
    digits = digits[: len(digits) - 1] if len(digits) % 4 == 1 else digits
    return base64.b64decode(digits + "=" * (-len(digits) % 4))
