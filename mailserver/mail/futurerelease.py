"""HOLDFOR and HOLDUNTIL: when a message is to leave (RFC 4865)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

# A year and a day; the RFC's own bound for HOLDFOR is nine digits of seconds.
LONGEST = timedelta(days=366)

_SECONDS = re.compile(r"[1-9][0-9]{0,8}")
# RFC 3339 §5.6, date-time.
_DATE_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)", re.IGNORECASE)


class BadRelease(Exception):
    """The value is not of the form that RFC 4865 §4 gives."""


class TooFar(Exception):
    """It is later than `LONGEST` from now."""


def keyword(now: datetime) -> str:
    """What EHLO announces: the longest interval in seconds, and the last moment (RFC 4865 §4)."""
    return f"FUTURERELEASE {LONGEST // timedelta(seconds=1)} {now + LONGEST:%Y-%m-%dT%H:%M:%SZ}"


def after(value: str | None, now: datetime) -> datetime:
    """The moment HOLDFOR names. Raises BadRelease, TooFar."""
    if value is None or not _SECONDS.fullmatch(value):
        raise BadRelease
    return _near(timedelta(seconds=int(value)), now)


def until(value: str | None, now: datetime) -> datetime:
    """The moment HOLDUNTIL names, `now` when it is over already. Raises BadRelease, TooFar."""
    if value is None or not _DATE_TIME.fullmatch(value):
        raise BadRelease
    try:
        moment = datetime.fromisoformat(value.upper()).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadRelease from None
    return _near(max(moment - now, timedelta()), now)


def _near(wait: timedelta, now: datetime) -> datetime:
    if wait > LONGEST:
        raise TooFar
    return now + wait
