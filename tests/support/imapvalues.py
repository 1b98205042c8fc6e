"""A strict reader of IMAP responses for tests: parentheses, quoted strings, literals, numbers, NIL."""

from __future__ import annotations

import re
from typing import Any

_TOKEN = re.compile(
    rb'(?P<space> )|(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\\r\n\x00]|\\["\\])*)"'
    rb"|\{(?P<literal>\d+)\}\r\n|(?P<number>\d+)(?=[ )]|\Z)|(?P<nil>NIL)(?=[ )]|\Z)",
    re.IGNORECASE,
)


def value(octets: bytes) -> Any:
    """The one value that the octets are: lists, bytes for strings, int, None for NIL. Raises ValueError."""
    found, at = _value(octets, 0)
    if at != len(octets):
        raise ValueError(f"something follows: {octets[at : at + 20]!r}")
    return found


def _value(octets: bytes, at: int) -> tuple[Any, int]:
    token = _TOKEN.match(octets, at)
    if not token or token["space"] or token["close"]:
        raise ValueError(f"no value at {at}: {octets[at : at + 20]!r}")
    at = token.end()
    if token["open"]:
        return _list(octets, at)
    if token["literal"]:
        end = at + int(token["literal"])
        return octets[at:end], end
    if token["number"]:
        return int(token["number"]), at
    if token["nil"]:
        return None, at
    return re.sub(rb"\\(.)", rb"\1", token["quoted"]), at


def _list(octets: bytes, at: int) -> tuple[list[Any], int]:
    """Lists beside each other (bodies, addresses) have no space between them, everything else has one."""
    found: list[Any] = []
    while not octets.startswith(b")", at):
        if found:
            spaced = octets.startswith(b" ", at)
            if not spaced and not (isinstance(found[-1], list) and octets.startswith(b"(", at)):
                raise ValueError(f"no space at {at}: {octets[at : at + 20]!r}")
            at += spaced
        item, at = _value(octets, at)
        found.append(item)
    return found, at + 1


def numbered(body: list[Any]) -> list[list[Any]]:
    """The parts that a BODY or BODYSTRUCTURE numbers 1, 2, …"""
    return [part for part in body if isinstance(part, list)] if isinstance(body[0], list) else [body]


def section(body: list[Any], path: str) -> list[Any]:
    """The part with that section path in a parsed BODY (the form without extension data)."""
    parts = numbered(body)
    found = body
    for number in map(int, path.split(".")):
        found = parts[number - 1]
        if isinstance(found[0], list):
            parts = numbered(found)
        else:
            parts = numbered(found[8]) if found[0].lower() == b"message" else []
    return found
