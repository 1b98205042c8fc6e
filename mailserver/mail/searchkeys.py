"""What an IMAP client may search for (RFC 9051 §6.4.4, RFC 5032, 7162, 8474, 8514): the meaning, without the syntax."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Literal

from mailserver.mail.numbersets import Runs

Comparison = Literal["before", "on", "since"]


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """Messages by number; whoever knows the numbers of the session turns them into `Uids`."""

    runs: Runs


@dataclass(frozen=True, slots=True)
class Uids:
    """Messages by UID. `saved` stands for `$`, the last result that was saved (RFC 5182), with empty runs."""

    runs: Runs
    saved: bool = False


@dataclass(frozen=True, slots=True)
class HasFlag:
    """A system flag (`\\Seen`) or keyword (`$Forwarded`) is set, or is not."""

    name: str
    on: bool = True


@dataclass(frozen=True, slots=True)
class Recent:
    """The session is the first that was told of the message; `on` False: it is not."""

    on: bool = True


@dataclass(frozen=True, slots=True)
class HeaderHas:
    """A header field holds the text, without regard to case. Empty text: the field is there."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class BodyHas:
    text: str


@dataclass(frozen=True, slots=True)
class TextHas:
    """Header or body holds the text."""

    text: str


@dataclass(frozen=True, slots=True)
class Size:
    """Larger (`above`) or smaller than so many octets."""

    octets: int
    above: bool


@dataclass(frozen=True, slots=True)
class Dated:
    """`internal`: when it came; `sent`: its Date field, whatever time and zone; `saved`: put into the folder."""

    which: Literal["internal", "sent", "saved"]
    comparison: Comparison
    day: date


@dataclass(frozen=True, slots=True)
class Age:
    """Came within the last so many seconds (`younger`), or before (RFC 5032)."""

    seconds: int
    younger: bool


@dataclass(frozen=True, slots=True)
class ModSeq:
    """Changed at or after a modseq (RFC 7162 §3.1.5)."""

    at_least: int


@dataclass(frozen=True, slots=True)
class EmailId:
    value: str


@dataclass(frozen=True, slots=True)
class ThreadId:
    value: str


@dataclass(frozen=True, slots=True)
class SaveDateSupported:
    """Every message has a save date here (RFC 8514 §4.3)."""


@dataclass(frozen=True, slots=True)
class Not:
    key: Key


@dataclass(frozen=True, slots=True)
class Or:
    one: Key
    other: Key


@dataclass(frozen=True, slots=True)
class And:
    keys: tuple[Key, ...]


Key = (
    All
    | Numbers
    | Uids
    | HasFlag
    | Recent
    | HeaderHas
    | BodyHas
    | TextHas
    | Size
    | Dated
    | Age
    | ModSeq
    | EmailId
    | ThreadId
    | SaveDateSupported
    | Not
    | Or
    | And
)
