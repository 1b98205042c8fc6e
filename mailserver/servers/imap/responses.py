"""How values are written in responses (RFC 9051 §4, §9). Pure: bytes out of values."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from mailserver.mail.mutf7 import encode as mutf7

_ATOM = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_QUOTABLE = re.compile(rb"[\x01-\x09\x0b\x0c\x0e-\x7f]*")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
MAX_QUOTED = 1000
# What comes out of the database is of this zone.
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended: the tagged response without its tag. `code` is what stands in brackets."""

    text: str
    code: str = ""
    status: str = "OK"

    def __str__(self) -> str:
        return f"{self.status} [{self.code}] {self.text}" if self.code else f"{self.status} {self.text}"


class Refusal(Exception):
    """A command that is not carried out; its answer."""

    def __init__(self, text: str, code: str = "", status: str = "NO") -> None:
        super().__init__(text)
        self.done = Done(text, code, status)


def bad(text: str, code: str = "") -> Refusal:
    """The client is wrong about the protocol, not about the mail."""
    return Refusal(text, code, "BAD")


def string(value: bytes) -> bytes:
    """A quoted string where that is possible, else a literal."""
    if len(value) <= MAX_QUOTED and _QUOTABLE.fullmatch(value):
        return b'"' + value.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return literal(value)


def literal(value: bytes) -> bytes:
    return b"{%d}\r\n" % len(value) + value


def text(value: str, *, utf8: bool = False) -> bytes:
    """A string of characters: beyond ASCII quoted as UTF-8 for a client that takes it, else as a literal of UTF-8."""
    octets = value.encode("utf-8", "replace")
    if utf8 and not value.isascii() and "\r" not in value and "\n" not in value and "\0" not in value:
        return b'"' + octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'
    return string(octets)


def astring(value: str) -> bytes:
    return value.encode("ascii") if _ATOM.fullmatch(value) and "]" not in value else text(value)


def mailbox(path: str, *, utf8: bool = False) -> bytes:
    """A folder's name: modified UTF-7 (RFC 3501 §5.1.3), or UTF-8 after ENABLE UTF8=ACCEPT or IMAP4rev2."""
    return text(path, utf8=True) if utf8 else astring(mutf7(path).decode("ascii"))


def flags(names: Iterable[str]) -> bytes:
    return b"(" + " ".join(names).encode("ascii", "replace") + b")"


def items(values: Sequence[bytes]) -> bytes:
    return b"(" + b" ".join(values) + b")"


def date_time(at: datetime) -> bytes:
    """`"17-Jul-1996 02:44:25 +0000"`, the internal date."""
    # To ask ZoneInfo for the offset takes longer than all the rest.
    zone = b"+0000" if at.tzinfo is _UTC or not at.utcoffset() else at.strftime("%z").encode()
    return b'"%b %02d:%02d:%02d %b"' % (day(at.toordinal()), at.hour, at.minute, at.second, zone)


@functools.lru_cache(maxsize=20_000)
def day(number: int) -> bytes:
    """`17-Jul-1996`, with a blank before a day of one digit, of a day since the first of the year 1."""
    at = date.fromordinal(number)
    return f"{at.day:2d}-{_MONTHS[at.month - 1]}-{at.year:04d}".encode()
