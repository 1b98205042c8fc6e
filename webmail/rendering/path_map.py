"""The map above the six stops: where each lies, which roads were travelled, and where the letter is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailserver.services.path import Path, Step, Way

# Centres of the stops on a sheet of 816 by 160, and the roads between them.
SEA = 56
PLACES = ((64, 118), (168, 118), (272, 118), (440, SEA), (608, 118), (746, 118))
ROADS = (
    "M80 118H152",
    "M184 118H256",
    "M284 118C330 118 350 56 424 56",
    "M456 56C530 56 552 118 596 118",
    "M624 118H730",
)
FLOWN = (2, 3)  # roads between two servers
# In characters: stops on land lie 104 apart, between the shores and above them is more room.
LONGEST_NAME, LONGEST_AT_SEA, LONGEST_PLACE = 14, 26, 36
BIRDS = {2: "translate(343 78) rotate(-38)", 3: "translate(524 72) rotate(24)"}


@dataclass(frozen=True, slots=True)
class Stop:
    """A numbered place. `mark` is its time or what hinders there."""

    x: int
    y: int
    step: Step

    @property
    def name(self) -> str:
        return clipped(self.step.short, LONGEST_AT_SEA if self.y == SEA else LONGEST_NAME)

    @property
    def circle(self) -> str:
        return {"done": "stop", "slow": "stop slow", "halt": "halt"}.get(self.step.state, "todo")

    @property
    def digit(self) -> str:
        return {"done": "stop-n", "slow": "halt-n", "halt": "halt-n"}.get(self.step.state, "todo-n")


@dataclass(frozen=True, slots=True)
class Road:
    """A line between two stops; `ahead` when it is still to go or was never gone."""

    line: str
    ahead: bool
    flown: bool


@dataclass(frozen=True, slots=True)
class Map:
    """`left` is where the message was written, `right` where it is read; `bird` is "" when nothing flies."""

    left: str
    right: str
    stops: tuple[Stop, ...]
    roads: tuple[Road, ...]
    bird: str

    @property
    def words(self) -> str:
        """The map for those who do not see it."""
        return "Map of the path: " + ", ".join(f"{stop.step.number} {stop.step.short}" for stop in self.stops)


def drawn(path: Path, way: Way) -> Map:
    """The map of one way."""
    stops = tuple(Stop(x, y, step) for (x, y), step in zip(PLACES, way.steps, strict=True))
    roads = tuple(
        Road(line, way.steps[number + 1].state == "todo", number in FLOWN) for number, line in enumerate(ROADS)
    )
    left, right = (clipped(place, LONGEST_PLACE) for place in ends(path, way))
    return Map(left, right, stops, roads, _bird(way.steps))


def ends(path: Path, way: Way) -> tuple[str, str]:
    return (way.here, way.there) if path.outgoing else (way.there, way.here)


def clipped(text: str, most: int) -> str:
    """Its beginning, where it would run into its neighbour."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _bird(steps: Sequence[Step]) -> str:
    """The letter flies between the servers while they talk, and stays in the air of a way that was gone."""
    if steps[4].state == "done":
        return BIRDS[3]
    return BIRDS[2] if steps[2].state == "done" and steps[3].state == "todo" else ""
