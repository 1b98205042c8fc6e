"""RFC 2047 encoded words: reading what senders write, writing what receivers read."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TypeVar

from mailserver.mail import charset

MAX_WORDS = 1000
_OPENING = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,40})?\?([BbQq])\?")
_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
_Q_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
# RFC 2047 §2 allows 75 characters a word, 12 of which are `=?utf-8?q?` and `?=`. A few less let the first word
# stand behind `Subject: ` in a line of 78.
_Q_ROOM, _B_ROOM = 56, 42
# §5 (3): what may stand for itself in a phrase, the strictest place.
_Q_SAFE = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!*+-/")


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
    """The text as UTF-8 encoded words of at most 75 characters, separated by one space.

    Q or B encoding, whichever is shorter for the whole text; characters are never cut.
    """
    octets = [character.encode("utf-8", "replace") for character in text]
    spelled = ["".join(map(_q_octet, character)) for character in octets]
    if sum(map(len, spelled)) <= sum(map(len, octets)) * 4 / 3 + 2:
        return " ".join(f"=?utf-8?q?{''.join(word)}?=" for word in _pack(spelled, _Q_ROOM))
    words = (base64.b64encode(b"".join(word)).decode("ascii") for word in _pack(octets, _B_ROOM))
    return " ".join(f"=?utf-8?b?{word}?=" for word in words)


def _q_octet(octet: int) -> str:
    if octet == 0x20:
        return "_"
    return chr(octet) if octet in _Q_SAFE else f"={octet:02X}"


_Piece = TypeVar("_Piece", str, bytes)


def _pack(pieces: list[_Piece], room: int) -> list[list[_Piece]]:
    """The pieces in lists of at most `room` characters; one empty list for no pieces."""
    packed: list[list[_Piece]] = [[]]
    used = 0
    for piece in pieces:
        if used + len(piece) > room:
            packed.append([])
            used = 0
        packed[-1].append(piece)
        used += len(piece)
    return packed


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
