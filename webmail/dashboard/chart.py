"""Charts as SVG figures: numbers to places on the sheet; the template writes the elements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from mailserver.services.stats import Hour

WIDTH, UP, DOWN, BASE = 640, 100, 60, 118
BAR = 16


@dataclass(frozen=True, slots=True)
class Bar:
    """One hour: received above the line, sent below it."""

    x: float
    received: int
    sent: int
    hour: str
    up: float
    down: float

    @property
    def top(self) -> float:
        return BASE - 1 - self.up


@dataclass(frozen=True, slots=True)
class Grid:
    """A line across with its number at the end."""

    y: float
    label: int


@dataclass(frozen=True, slots=True)
class Chart:
    bars: Sequence[Bar]
    grid: Sequence[Grid]
    ticks: Sequence[tuple[float, str]]
    words: str


def bars(hours: Sequence[Hour]) -> Chart:
    """Mail of a day by local hour."""
    by_hour = {timezone.localtime(hour.at).hour: hour for hour in hours}
    most_in = max((hour.received for hour in hours), default=0)
    most_out = max((hour.sent for hour in hours), default=0)
    step = WIDTH / 24
    scale_in, scale_out = UP / max(most_in, 4), DOWN / max(most_out, 4)
    found = [
        Bar(
            round(number * step + (step - BAR) / 2, 1),
            hour.received,
            hour.sent,
            f"{number:02}:00",
            round(hour.received * scale_in, 1),
            round(hour.sent * scale_out, 1),
        )
        for number, hour in sorted(by_hour.items())
    ]
    grid = [Grid(BASE, 0), Grid(BASE - UP, max(most_in, 4)), Grid(BASE + DOWN, max(most_out, 4))]
    ticks = [(round(number * step + step / 2, 1), f"{number:02}:00") for number in range(0, 24, 3)]
    total_in, total_out = sum(hour.received for hour in hours), sum(hour.sent for hour in hours)
    return Chart(found, grid, ticks, f"Mail per hour today. Received {total_in}, sent {total_out}.")
