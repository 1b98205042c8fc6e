"""`Content-Type` and `Content-Disposition` values: RFC 2045 §5.1, RFC 2183, RFC 2231, tolerantly."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import unquote_to_bytes

from mailserver.mail import charset, encodedwords

MAX_PIECES = 100
_TOKEN = re.compile(r"[^\s/;,<>()\"\\=]+(?:/[^\s;,<>()\"\\=]+)?")
_PARAMETER = re.compile(r'([^\s=;"]+)\s*=\s*(?:"([^"\\]*(?:\\.[^"\\]*)*)"|([^;]*))', re.DOTALL)
_SEPARATORS = re.compile(r"[\s;]*")
_SLASH = re.compile(r"[ \t]{0,80}/[ \t]{0,80}")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_PIECE = re.compile(r"([^*]+)(?:\*(\d{1,9}))?(\*)?")
_MAX_VALUE = 4000
# Characters of a value that is remembered: most parts are one of a few kinds.
_SHORT = 80


def content_type(text: str) -> tuple[str, dict[str, str]]:
    """`('text/plain', {'charset': 'utf-8'})`: type and parameter names in lower case.

    A value that names no type gives `text/plain` (RFC 2045 §5.2).
    """
    value, parameters = parse(text)
    main, _, sub = value.partition("/")
    return (value if main and sub else "text/plain"), parameters


def disposition(text: str) -> tuple[str, dict[str, str]]:
    """`('attachment', {'filename': 'menu.pdf'})`; an empty value gives `''`."""
    return parse(text)


def parse(text: str) -> tuple[str, dict[str, str]]:
    """The leading token in lower case and the parameters, RFC 2231 pieces joined. Never raises."""
    if len(text) > _SHORT:
        return _parse(text)
    token, parameters = _parse_short(text)
    return token, dict(parameters)


@lru_cache(maxsize=500)
def _parse_short(text: str) -> tuple[str, dict[str, str]]:
    return _parse(text)


def _parse(text: str) -> tuple[str, dict[str, str]]:
    head, _, tail = text.partition(";")
    if "(" in head:
        head = without_comments(head)
    # white space around the slash is an error that other parsers forgive too
    head = _SLASH.sub("/", head.strip())
    token = _TOKEN.search(head)
    if not token or token.start():
        return "", _parameters(tail)
    after = head[token.end() :]
    # `multipart/mixed boundary=x`: some senders forget the first semicolon
    return token[0].lower(), _parameters(f"{after};{tail}" if "=" in after else tail)


def without_comments(text: str) -> str:
    """The text without RFC 5322 comments; an unclosed one is kept. Quoted strings are left alone."""
    kept: list[str] = []
    depth, opened, quoted, at = 0, 0, False, 0
    while at < len(text):
        character = text[at]
        if character == "\\" and (quoted or depth):
            if not depth:
                kept.append(text[at : at + 2])
            at += 2
            continue
        if character == '"' and not depth:
            quoted = not quoted
        elif character == "(" and not quoted:
            depth, opened = depth + 1, at if not depth else opened
        elif character == ")" and depth:
            depth -= 1
            at += 1
            continue
        if not depth:
            kept.append(character)
        at += 1
    return "".join(kept) + (text[opened:] if depth else "")


def _parameters(text: str) -> dict[str, str]:
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, (name, value) in enumerate(_pairs(text)):
        if count >= MAX_PIECES:
            break
        piece = _PIECE.fullmatch(name) if "*" in name else None
        if piece:
            pieces.setdefault(piece[1], []).append((int(piece[2] or 0), bool(piece[3]), value))
        else:
            plain.setdefault(name, encodedwords.decode(value)[:_MAX_VALUE])
    # RFC 6266 §4.3 wants the extended form preferred where both are given.
    return plain | {name: _joined(found)[:_MAX_VALUE] for name, found in pieces.items()}


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs: list[tuple[str, str]] = []
    at = 0
    while at < len(text) and len(pairs) <= MAX_PIECES:
        separators = _SEPARATORS.match(text, at)
        at = separators.end() if separators else at
        found = _PARAMETER.match(text, at)
        if found:
            quoted, bare = found[2], found[3]
            if quoted is not None:
                value = _QUOTED_PAIR.sub(r"\1", quoted)
            else:
                value = (without_comments(bare) if "(" in bare else bare).strip().strip('"')
            pairs.append((found[1].lower(), value))
            at = found.end()
        else:
            semicolon = text.find(";", at)
            at = semicolon + 1 if semicolon >= 0 else len(text)
    return pairs


def _joined(pieces: list[tuple[int, bool, str]]) -> str:
    """RFC 2231 §3-4: pieces in order, the first extended one names the charset."""
    pieces.sort(key=lambda piece: piece[0])
    declared, octets = "", b""
    for count, (_, extended, value) in enumerate(pieces):
        if extended and not count and value.count("'") >= 2:
            declared, _, value = value.split("'", 2)
        octets += unquote_to_bytes(value) if extended else value.encode("utf-8", "replace")
    text = charset.decode(octets, declared or "utf-8")
    return text if declared else encodedwords.decode(text)
