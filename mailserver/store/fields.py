"""Column types Django lacks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.db import models
from psycopg.types.multirange import Multirange
from psycopg.types.range import Range

from mailserver.mail.numbersets import Runs

if TYPE_CHECKING:
    UidSetBase = models.Field[Iterable[int], frozenset[int]]
else:
    UidSetBase = models.Field


def to_ranges(uids: Iterable[int]) -> Multirange[int]:
    """The UIDs as half-open runs: {1, 2, 3, 7} → {[1,4), [7,8)}."""
    runs: list[list[int]] = []
    for uid in sorted(uids):
        if runs and uid <= runs[-1][1]:
            runs[-1][1] = uid + 1
        else:
            runs.append([uid, uid + 1])
    return Multirange([Range(low, high) for low, high in runs])


def to_runs(ranges: Multirange[int] | None) -> Runs:
    """What the database gives for a set of UIDs, as runs with both ends in them."""
    return tuple((one.lower, one.upper - 1) for one in ranges or () if one.lower is not None and one.upper is not None)


class UidSetField(UidSetBase):
    """A set of UIDs as PostgreSQL's `int4multirange`; one range per run keeps 100,000 UIDs in a few bytes."""

    def db_type(self, connection: Any) -> str:
        return "int4multirange"

    def get_prep_value(self, value: Any) -> Any:
        return value if value is None or isinstance(value, Multirange) else to_ranges(value)

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        if value is None:
            return None
        return frozenset(uid for run in value for uid in range(run.lower, run.upper))
