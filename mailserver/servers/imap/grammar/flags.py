"""Flags and keywords of messages, and when one came (RFC 9051 §9, `flag`, `date-time`)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

from mailserver.servers.imap.grammar.lexer import Lexer

_SYSTEM = {flag.upper(): flag for flag in ("\\Answered", "\\Flagged", "\\Deleted", "\\Seen", "\\Draft")}
_MONTHS = {name: at for at, name in enumerate(b"JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split(), 1)}
_DATE = re.compile(rb'("?)([0-9]{1,2})-([A-Za-z]{3})-([0-9]{4})\1')
_DATE_TIME = re.compile(
    rb'"( [0-9]|[0-9]{2})-([A-Za-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})"'
)


def flag(lexer: Lexer) -> str:
    """A flag that a client may set: system flags as the RFC writes them, keywords as the client does."""
    if not lexer.accept(b"\\"):
        return lexer.atom("flag")
    name = _SYSTEM.get("\\" + lexer.atom("flag").upper())
    if name is None:
        raise lexer.wrong("no such flag can be set")
    return name


def flags(lexer: Lexer) -> tuple[str, ...]:
    return unique(lexer.listed(lambda: flag(lexer), empty=True))


def unique(found: Iterable[str]) -> tuple[str, ...]:
    """Flags without repetitions. Keywords that differ in case only are the same (RFC 9051 §2.3.2)."""
    kept: dict[str, str] = {}
    for name in found:
        kept.setdefault(name.upper(), name)
    return tuple(kept.values())


def day(lexer: Lexer) -> date:
    """RFC 9051 §9, `date`."""
    found = lexer.match(_DATE)
    try:
        if found:
            return date(int(found[4]), _MONTHS[found[3].upper()], int(found[2]))
    except (ValueError, KeyError) as error:
        raise lexer.wrong("no such date") from error
    raise lexer.wrong("date expected")


def moment(lexer: Lexer) -> datetime:
    """RFC 9051 §9, `date-time`."""
    found = lexer.match(_DATE_TIME)
    if found is None:
        raise lexer.wrong("date and time expected")
    year, hour, minute, second = (int(found[at]) for at in (3, 4, 5, 6))
    offset = timedelta(hours=int(found[8]), minutes=int(found[9]))
    try:
        zone = timezone(-offset if found[7] == b"-" else offset)
        # 60 is a leap second, which datetime does not know.
        at = datetime(
            year, _MONTHS[found[2].upper()], int(found[1]), hour, minute, second - (second == 60), tzinfo=zone
        )
        # Years 1 and 9999 may leave the calendar in another zone.
        at.astimezone(UTC)
    except (ValueError, KeyError, OverflowError) as error:
        raise lexer.wrong("no such date and time") from error
    return at
