"""Sets of message numbers and UIDs as clients write them (RFC 9051 §9, `sequence-set`): runs, never one by one."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from operator import lt

# `*`: the largest number in use. No UID reaches it.
STAR = 0xFFFFFFFF

# Inclusive runs (low, high) in ascending order that neither touch nor overlap.
Runs = tuple[tuple[int, int], ...]


def merged(runs: Iterable[tuple[int, int]]) -> Runs:
    """The same numbers as runs in order; (high, low) means (low, high)."""
    found: list[tuple[int, int]] = []
    last = -2
    for low, high in sorted([run if run[0] <= run[1] else (run[1], run[0]) for run in runs]):
        if low > last + 1:
            found.append((low, high))
            last = high
        elif high > last:
            found[-1] = found[-1][0], high
            last = high
    return tuple(found)


def resolved(runs: Iterable[tuple[int, int]], last: int) -> Runs:
    """The set with `last` in place of `*`. `559:*` holds the last message even if its number is lower."""
    return merged((last if low == STAR else low, last if high == STAR else high) for low, high in runs)


def runs_of(numbers: Iterable[int]) -> Runs:
    """The set of these numbers."""
    numbers = numbers if isinstance(numbers, Sequence) else tuple(numbers)
    if len(numbers) > 1 and numbers[-1] - numbers[0] == len(numbers) - 1 and all(map(lt, numbers, numbers[1:])):
        return ((numbers[0], numbers[-1]),)
    return merged((number, number) for number in numbers)


def each(runs: Runs) -> Iterator[int]:
    """All numbers of a set whose ends are known. Only for sets that were cut to what exists."""
    for low, high in runs:
        yield from range(low, high + 1)


def count(runs: Runs) -> int:
    return sum(high - low + 1 for low, high in runs)


def holds(runs: Runs, number: int) -> bool:
    """Whether a number is in the set."""
    at = bisect_left(runs, (number + 1,)) - 1
    return at >= 0 and runs[at][1] >= number


def common(one: Runs, other: Runs) -> Runs:
    """The numbers that are in both sets."""
    found: list[tuple[int, int]] = []
    left, right = iter(one), iter(other)
    first, second = next(left, None), next(right, None)
    while first and second:
        low, high = max(first[0], second[0]), min(first[1], second[1])
        if low <= high:
            found.append((low, high))
        if first[1] < second[1]:
            first = next(left, None)
        else:
            second = next(right, None)
    return tuple(found)


def write(runs: Runs) -> str:
    """The set in the form of the protocol: `1:3,7`."""
    return ",".join(str(low) if low == high else f"{low}:{high}" for low, high in runs)
