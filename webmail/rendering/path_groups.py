"""Many recipients on one page: grouped by what became of them and where they are, and only so many names at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from mailserver.services.path import Way

# Up to so many names stand in one list, without groups.
FEW = 12
# Destinations that are told apart within an outcome; the smaller ones are put together.
DESTINATIONS = 8
# Names of one group that are shown at a time.
NAMES = 50


@dataclass(frozen=True, slots=True)
class Group:
    """Recipients with the same outcome at one destination ("" for several small ones).

    `shown` are the names around the chosen one, empty while the group is closed; `earlier` and `later` are the ways
    to go on with, `place` is the number of the first name shown.
    """

    there: str
    first: Way
    count: int
    shown: tuple[Way, ...] = ()
    place: int = 0
    earlier: Way | None = None
    later: Way | None = None

    @property
    def last(self) -> int:
        return self.place + len(self.shown) - 1


def grouped(ways: Sequence[Way], chosen: Way | None) -> list[Group]:
    """What wants attention first, then the larger groups; [] when a plain list does."""
    if len(ways) <= FEW:
        return []
    outcomes: dict[str, list[Way]] = defaultdict(list)
    for way in ways:
        outcomes[way.state].append(way)
    members = [group for same in outcomes.values() for group in _destinations(same)]
    members.sort(key=lambda pair: (_rank(pair[1][0]), -len(pair[1]), pair[0]))
    return [_group(there, same, chosen) for there, same in members]


def _destinations(ways: Sequence[Way]) -> list[tuple[str, list[Way]]]:
    """(destination, ways); the largest by themselves, the others together."""
    places: dict[str, list[Way]] = defaultdict(list)
    for way in ways:
        places[way.there].append(way)
    largest = sorted(places.items(), key=lambda pair: (-len(pair[1]), pair[0]))
    if len(largest) <= DESTINATIONS:
        return largest
    rest = [way for _, same in largest[DESTINATIONS - 1 :] for way in same]
    return [*largest[: DESTINATIONS - 1], ("", rest)]


def _rank(way: Way) -> int:
    if way.failed:
        return 0
    return 1 if way.may_cancel or way.state in ("talking", "cancelled") else 2


def _group(there: str, ways: Sequence[Way], chosen: Way | None) -> Group:
    number = next((at for at, way in enumerate(ways) if chosen and way.recipient_id == chosen.recipient_id), None)
    if number is None:
        return Group(there, ways[0], len(ways))
    start = number - number % NAMES
    end = start + NAMES
    earlier = ways[start - NAMES] if start else None
    later = ways[end] if end < len(ways) else None
    return Group(there, ways[0], len(ways), tuple(ways[start:end]), start + 1, earlier, later)
