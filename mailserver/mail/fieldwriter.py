"""Header fields as they are sent: folded at 78 characters, ASCII but for addresses that need SMTPUTF8.

The stdlib's generator is not used: in Python 3.11 it loses the quotes of folded names with commas, which
makes other recipients of them, and puts encoded words into Message-ID.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from mailserver.errors import InvalidName
from mailserver.mail import charset, encodedwords
from mailserver.mail.addresses import parse
from mailserver.mail.addresslists import HeaderAddress

MAX_LINE = 78
_FORBIDDEN = re.compile(r"[\r\n\x00]")
_PLAIN = re.compile(r"[!-~]+(?: [!-~]+)*")
_ATOMS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_QUOTABLE = re.compile(r"[ -~]{1,60}")
_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`{|}~-]{1,60}")
_SPECIAL = re.compile(r'(["\\])')
# A word longer than this could not be kept in the 998 octets of a line (RFC 5322 §2.1.1).
_MAX_WORD = 900
_PIECE = 50


def checked(field: str, text: str) -> str:
    """The text if it can stand in a field; raises InvalidName naming the field for CR, LF and NUL."""
    if _FORBIDDEN.search(text):
        raise InvalidName(f"{field} cannot hold a line break or NUL")
    return charset.storable(text)


def unstructured(name: str, text: str) -> bytes:
    """`Subject: …`; anything but plain words becomes encoded words. Raises InvalidName."""
    text = checked(name, text).strip()
    if not text:
        return f"{name}:\r\n".encode()
    words = text.split(" ")
    if not _PLAIN.fullmatch(text) or "=?" in text or max(map(len, words)) > _MAX_WORD:
        words = encodedwords.encode(text).split(" ")
    return folded(name, words)


def addresses(name: str, people: Iterable[HeaderAddress]) -> bytes:
    """`To: …` with display names quoted or encoded as they need. Raises InvalidName."""
    words: list[str] = []
    for person in people:
        if words:
            words[-1] += ","
        words += _person(name, person)
    return folded(name, words)


def identifiers(name: str, ids: Iterable[str]) -> bytes:
    """`References: <a@b> <c@d>`; ids come with or without their brackets. Raises InvalidName."""
    words = [f"<{checked(name, item).strip().strip('<>')[:_MAX_WORD]}>" for item in ids]
    if any(" " in word or "\t" in word for word in words):
        raise InvalidName(f"{name} cannot hold white space")
    return folded(name, words)


def parameterised(name: str, value: str, parameters: Mapping[str, str]) -> bytes:
    """`Content-Disposition: attachment; filename=…`, values by RFC 2231 where they need it. Raises InvalidName."""
    words = [checked(name, value)]
    for key, text in parameters.items():
        words[-1] += ";"
        spelled = _parameter(key, checked(name, text))
        words += [f"{piece};" for piece in spelled[:-1]] + spelled[-1:]
    return folded(name, words)


def folded(name: str, words: Iterable[str]) -> bytes:
    """The field with line ends where it passes 78 characters; words are never cut."""
    lines = [f"{name}:"]
    for word in words:
        if len(lines[-1]) + 1 + len(word) > MAX_LINE and lines[-1].strip() != f"{name}:":
            lines.append(f" {word}")
        else:
            lines[-1] += f" {word}"
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "replace")


def _person(field: str, person: HeaderAddress) -> list[str]:
    display = checked(field, person.name).strip()
    address = _address(checked(field, person.address).strip())
    if not display:
        return [address or "<>"]
    if _ATOMS.fullmatch(display) and "=?" not in display:
        words = display.split(" ")
    elif _QUOTABLE.fullmatch(display) and "=?" not in display:
        words = [_quoted(display)]
    else:
        words = encodedwords.encode(display).split(" ")
    return [*words, f"<{address}>"]


def _address(text: str) -> str:
    """The domain in A-labels: only a local part beyond ASCII asks for SMTPUTF8. Drafts may hold half an address."""
    if text.isascii():
        return text
    try:
        return str(parse(text))
    except InvalidName:
        return text


def _quoted(text: str) -> str:
    escaped = _SPECIAL.sub(r"\\\1", text)
    return f'"{escaped}"'


def _parameter(key: str, text: str) -> list[str]:
    if _TOKEN.fullmatch(text):
        return [f"{key}={text}"]
    if _QUOTABLE.fullmatch(text) and "=?" not in text:
        return [f"{key}={_quoted(text)}"]
    pieces = _pieces(text)
    if len(pieces) == 1:
        return [f"{key}*=utf-8''{pieces[0]}"]
    start = [f"{key}*0*=utf-8''{pieces[0]}"]
    return start + [f"{key}*{number}*={piece}" for number, piece in enumerate(pieces[1:], 1)]


def _pieces(text: str) -> list[str]:
    """Percent-encoded UTF-8 (RFC 2231 §4) in pieces that fit a line, characters whole."""
    pieces = [""]
    for character in text:
        spelled = quote(character, safe="", errors="replace")
        if len(pieces[-1]) + len(spelled) > _PIECE:
            pieces.append("")
        pieces[-1] += spelled
    return pieces
