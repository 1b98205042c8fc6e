"""When the letters of the demo were written, seen from the moment of seeding.

Two kinds of anchors: `recent` counts back from now, `yearly` takes the last time a day of the year came round, so that
a letter about the Chandeleur is always of a February.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, tzinfo

_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_QUIET = timedelta(days=21)


def span(text: str) -> timedelta:
    """`2d4h30m`, any part of it may be missing. Raises ValueError."""
    found = _SPAN.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is not a span such as 2d4h30m")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def recent(text: str, now: datetime, zone: tzinfo) -> datetime:
    """`3h20m` ago, or `6d 14:05`: six days ago at that time in `zone`."""
    back, _, clock = text.partition(" ")
    if not clock:
        return now.astimezone(zone) - span(back)
    return at_clock((now - span(back)).astimezone(zone), clock)


def yearly(text: str, now: datetime, zone: tzinfo, length: timedelta) -> datetime:
    """`02-16 10:02` of the latest year in which something of this length from then on was over three weeks ago."""
    day, _, clock = text.partition(" ")
    month, _, number = day.partition("-")
    here = now.astimezone(zone)
    moment = at_clock(here.replace(month=int(month), day=int(number)), clock)
    while moment + length > now - _QUIET:
        moment = moment.replace(year=moment.year - 1)
    return moment


def at_clock(moment: datetime, clock: str) -> datetime:
    """The day of `moment` at `clock`, HH:MM."""
    hour, _, minute = clock.partition(":")
    return moment.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
