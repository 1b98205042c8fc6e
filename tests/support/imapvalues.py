"""A strict reader of IMAP responses for tests: parentheses, quoted strings, literals, numbers, NIL."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile
from typing import Any

_TOKEN = re.compile(
    rb'(?P<space> )|(?P<open>\()|(?P<close>\))|"(?P<quoted>(?:[^"\\\r\n\x00]|\\["\\])*)"'
    rb"|~?\{(?P<literal>\d+)\}\r\n|(?P<number>\d+)(?=[ )]|\Z)|(?P<nil>NIL)(?=[ )]|\Z)",
    re.IGNORECASE,
)

_LABEL = re.compile(rb"([A-Z0-9.]+(?:\[[^\]]*\])?(?:<\d+>)?) ")


def value(octets: bytes) -> Any:
    """The one value that the octets are: lists, bytes for strings, int, None for NIL. Raises ValueError."""
    found, at = _value(octets, 0)
    if at != len(octets):
        raise ValueError(f"something follows: {octets[at : at + 20]!r}")
    return found


def fetched(response: bytes) -> dict[str, Any]:
    """The items of `7 FETCH (…)` by their labels, of which only FLAGS has a value that is not read here."""
    number = re.match(rb"\d+ FETCH \(", response)
    if not number:
        raise ValueError(f"no FETCH: {response[:40]!r}")
    found: dict[str, Any] = {}
    at = number.end()
    while label := _LABEL.match(response, at):
        found[label[1].decode("ascii")], at = _value(response, label.end())
        at += response.startswith(b" ", at)
    if response[at:] != b")":
        raise ValueError(f"no end at {at}: {response[at : at + 20]!r}")
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


@dataclass(frozen=True)
class Leaf:
    """A part without parts as BODYSTRUCTURE announces it; an enclosed message is one too."""

    path: str
    type: str
    encoding: str
    size: int


def leaves(body: list[Any], path: str = "") -> Iterator[Leaf]:
    """In the order of the octets; those of an enclosed message behind it."""
    if isinstance(body[0], list):
        # Behind the subtype come parameters, which are lists too.
        for number, part in enumerate(takewhile(lambda one: isinstance(one, list), body), 1):
            yield from leaves(part, f"{path}.{number}".lstrip("."))
        return
    path = path or "1"
    kind = f"{body[0].decode()}/{body[1].decode()}".lower()
    yield Leaf(path, kind, body[5].decode().lower(), body[6])
    if kind in ("message/rfc822", "message/global") and len(body) > 8 and isinstance(body[8], list):
        yield from leaves(body[8], path if isinstance(body[8][0], list) else f"{path}.1")


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
