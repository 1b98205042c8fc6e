"""The sentences of the path page. Each says what happened, in the words of people; nothing that was not seen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.utils import timezone

from mailserver.mail import explain
from mailserver.services.path import Way, WayState

_SPANS = (("day", 86400), ("hour", 3600), ("minute", 60))
# Below this many seconds their hundredths say something.
FINE = 10
_SHORT = (("days", 86400), ("h", 3600), ("min", 60))


def called(name: str, address: str) -> str:
    """What to call somebody in a sentence: the first name, else the address."""
    first = name.split()[0].rstrip(",") if name.split() else ""
    return first if first and "@" not in first and not first.endswith(".") else name or address


def whose(name: str) -> str:
    return f"{name}’s"


def their_server(name: str, domain: str) -> str:
    """`Bob’s server`, or `the server of hamburger.edu` when we know no name."""
    return f"the server of {domain}" if "@" in name else f"{whose(name)} server"


def clock(at: datetime, now: datetime) -> str:
    """`14:35`, on another day `14:35 on Saturday 28 November`; in the reader's time zone."""
    local = timezone.localtime(at)
    if local.date() == timezone.localtime(now).date():
        return f"{local:%H:%M}"
    return f"{local:%H:%M} on {day(at)}"


def stamp(at: datetime) -> str:
    """`14:05:02`, in the reader's time zone."""
    return f"{timezone.localtime(at):%H:%M:%S}"


def day(at: datetime) -> str:
    """`Saturday 28 November`."""
    local = timezone.localtime(at)
    return f"{local:%A} {local.day} {local:%B}"


def until(at: datetime, now: datetime) -> str:
    """`Saturday 28 November`; `14:35` when that is today."""
    return clock(at, now) if timezone.localtime(at).date() == timezone.localtime(now).date() else day(at)


def span(length: timedelta) -> str:
    """`1.84 seconds`, `30 seconds`, `12 minutes`, `1 hour`, `5 days`."""
    seconds = max(0.0, length.total_seconds())
    for unit, size in _SPANS:
        if seconds >= size:
            count = round(seconds / size)
            return f"{count} {unit}" + ("" if count == 1 else "s")
    return f"{seconds:.2f} seconds" if seconds < FINE else f"{seconds:.0f} seconds"


def since(before: datetime | None, at: datetime | None) -> str:
    """`+1.52 s`, `26 min later`; "" when a time is not known."""
    if before is None or at is None:
        return ""
    seconds = max(0.0, (at - before).total_seconds())
    for unit, size in _SHORT:
        if seconds >= size:
            return f"{round(seconds / size)} {unit} later"
    return f"+{seconds:.2f} s"


def reason(reply: str, address: str) -> str:
    """Why, as a sentence: from a reply as it was said, or our own words when nobody replied."""
    return explain.reply(reply, address).reason if reply[:1].isdigit() else sentence(reply)


def sentence(text: str) -> str:
    """With a capital first letter and an end."""
    text = text.strip()
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")


def overall(ways: Sequence[Way]) -> tuple[str, str]:
    """Headline and lead of a message with several recipients; what to do is said with each of them."""
    if len(ways) == 1:
        return ways[0].headline, ways[0].lead
    arrived: tuple[WayState, ...] = ("handed", "mailbox", "read")
    there = [way for way in ways if way.state in arrived]
    failed = [way for way in ways if way.failed]
    if failed:
        names = listed([way.address for way in failed])
        rest = len(ways) - len(failed)
        advice = sentence(failed[0].lead) if len(failed) == 1 else "Choose a name to see why."
        return f"Couldn’t deliver to {names}.", f"{_others(rest, len(there))} {advice}".strip()
    if len(there) == len(ways):
        everybody = "both" if len(ways) == 2 else f"all {len(ways)}"
        return f"It reached {everybody} recipients.", "Choose a name to see the way it took."
    waiting = [way for way in ways if way.state not in arrived]
    headline = f"{len(there)} of {len(ways)} recipients have it."
    return headline, f"Still on the way: {listed([way.address for way in waiting])}."


def _others(rest: int, there: int) -> str:
    if not rest:
        return ""
    if there == rest:
        return "The other recipient has it." if rest == 1 else f"The other {rest} recipients have it."
    return f"{there} of the other {rest} have it."


def listed(names: Sequence[str], most: int = 3) -> str:
    """`a, b and c`; beyond `most` the rest is counted."""
    if len(names) > most:
        return f"{', '.join(names[:most])} and {len(names) - most} more"
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]])) if names else ""
