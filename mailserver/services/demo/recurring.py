"""What comes again and again: the rhythm of newsletters, bills and bookings."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

from mailserver.services.demo import clock
from mailserver.services.demo.post import INBOX, TRASH, Place
from mailserver.store.models.mailbox import Flag

SPREAD = timedelta(days=425)
# What came lately still lies in the Inbox, the newest of it unread.
_FRESH, _NEW = timedelta(days=12), timedelta(days=5)


@dataclass(frozen=True, slots=True)
class Issue:
    """One of a series: its moment, its place counted from the oldest, and the dice for its content."""

    at: datetime
    number: int
    random: Random


def issues(row: Mapping[str, Any], now: datetime, zone: Any) -> Iterator[Issue]:
    """Oldest first: every `every` days at `clock`, up to `count` times, none older than SPREAD.

    The newest came between a few hours and `every` days ago, another number for each series.
    """
    dice = Random(row["name"] + row["clock"])  # noqa: S311
    every = int(row["every"])
    first = clock.at_clock((now - timedelta(days=1 + dice.randrange(min(every, 20)))).astimezone(zone), row["clock"])
    moments = [first - timedelta(days=every * step + dice.randrange(1 + every // 10)) for step in range(row["count"])]
    kept = sorted(moment for moment in moments if moment > now - SPREAD)
    for number, at in enumerate(kept):
        jitter = timedelta(minutes=dice.randrange(3))
        yield Issue(at + jitter, number, Random(f"{row['name']} {number}"))  # noqa: S311


def place(rules: Mapping[str, Any], at: datetime, now: datetime) -> Place:
    """Where an account has such a message by now: its folder, or still the Inbox."""
    folder = str(rules.get("folder", INBOX))
    if folder != TRASH and now - at < _FRESH:
        folder = INBOX
    flags = 0 if now - at < _NEW and folder == INBOX else int(Flag.SEEN)
    return Place(folder, flags, str(rules.get("label", "")))
