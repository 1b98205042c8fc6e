"""What the wire collects before a command is parsed: lines and literals in turn (RFC 9051 §4.3)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

_MARKER = re.compile(rb"(?P<binary>~)?\{(?P<size>[0-9]{1,20})(?P<ahead>\+)?\}\Z")
_TAG = re.compile(rb"[!#$&',\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]{1,200}(?= |\Z)")
# The one place where APPEND and REPLACE have a literal that is no message: the name of the mailbox.
_MAILBOX_NEXT = re.compile(rb"[^ ]+ +(?:APPEND|(?:UID +)?REPLACE +[^ ]+) *\Z", re.IGNORECASE)
_TAKES_MESSAGE = re.compile(rb"[^ ]+ +(?:APPEND|(?:UID +)?REPLACE)(?: |\Z)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Literal:
    """The octets of one literal; for a message whatever the wire keeps it in. `binary`: it may hold NUL (`~{n}`)."""

    data: Any = field(repr=False)
    binary: bool = False


Piece = bytes | Literal


@dataclass(frozen=True, slots=True)
class Announced:
    """A literal that follows the line. `synchronising`: the client waits for `+` first. `marker`: octets to cut off."""

    size: int
    synchronising: bool
    binary: bool
    marker: int


def announced_literal(line: bytes) -> Announced | None:
    """The literal announced at the end of a line without its CRLF. A size may be above every limit."""
    if (found := _MARKER.search(line)) is None:
        return None
    return Announced(
        size=int(found["size"]),
        synchronising=found["ahead"] is None,
        binary=found["binary"] is not None,
        marker=len(found[0]),
    )


def tag_of(line: bytes) -> str | None:
    """The tag a line begins with, None if it has none that may be repeated to the client."""
    found = _TAG.match(line)
    return found[0].decode("ascii") if found else None


def announces_message(pieces: Sequence[Piece]) -> bool:
    """Whether the literal after these pieces (marker cut off) is a message of APPEND or REPLACE, and not a name."""
    first = pieces[0] if pieces else b""
    if not isinstance(first, bytes) or not _TAKES_MESSAGE.match(first):
        return False
    return len(pieces) > 1 or not _MAILBOX_NEXT.match(first)
