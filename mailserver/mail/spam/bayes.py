"""How probable spam is, from the words of a message and how often each came in spam and in other mail.

Robinson's probability of one word with Fisher's way to combine many: minus twice the sum of the logarithms follows the
chi-square distribution when the words say nothing. Gary Robinson, "A Statistical Approach to the Spam Problem", Linux
Journal 107, 2003.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from mailserver.mail.spam.judgement import Reason

# Below it a few messages would decide about all others.
FEWEST_LESSONS = 10
MOST_TELLING = 150
# A word that was never seen is neither; so much evidence is worth as much as that belief.
STRENGTH, UNKNOWN = 0.45, 0.5
SILENT = 0.1
_EDGE = 0.01


@dataclass(frozen=True, slots=True)
class Count:
    """In how many messages of each kind."""

    spam: int = 0
    ham: int = 0


# (at least this probable, points, sentence), the first that fits; none in the wide middle.
_POINTS = (
    (0.99, 4.0, "It reads very much like mail you called spam."),
    (0.9, 2.5, "It reads like mail you called spam."),
)
_GOOD_POINTS = (
    (0.01, -2.0, "It reads very much like mail you keep."),
    (0.1, -1.0, "It reads like mail you keep."),
)


def is_taught(lessons: Count) -> bool:
    """Whether there were enough messages of both kinds to learn from."""
    return min(lessons.spam, lessons.ham) >= FEWEST_LESSONS


def probability(counts: Mapping[int, Count], lessons: Count) -> float:
    """How probable spam is, 0 to 1. `counts` by token; tokens never seen may be left out. 0.5 when nothing is known."""
    if lessons.spam <= 0 or lessons.ham <= 0:
        return UNKNOWN
    single = ((_one(count, lessons), token) for token, count in counts.items())
    telling = [(value, token) for value, token in single if abs(value - 0.5) >= SILENT]
    telling.sort(key=lambda pair: (-abs(pair[0] - 0.5), pair[1]))
    chosen = [value for value, _ in telling[:MOST_TELLING]]
    if not chosen:
        return UNKNOWN
    spam = 1 - _chi_square(-2 * sum(math.log(1 - value) for value in chosen), len(chosen))
    ham = 1 - _chi_square(-2 * sum(math.log(value) for value in chosen), len(chosen))
    return min(1.0, max(0.0, (spam - ham + 1) / 2))


def reasons(probable: float) -> tuple[Reason, ...]:
    """What a probability of spam adds to the score."""
    for least, points, sentence in _POINTS:
        if probable >= least:
            return (Reason("words", points, sentence),)
    for most, points, sentence in _GOOD_POINTS:
        if probable <= most:
            return (Reason("words", points, sentence),)
    return ()


def _one(count: Count, lessons: Count) -> float:
    """Robinson's f(w), kept away from 0 and 1."""
    spam, ham = max(0, count.spam) / lessons.spam, max(0, count.ham) / lessons.ham
    seen = max(0, count.spam) + max(0, count.ham)
    if not seen:
        return UNKNOWN
    value = (STRENGTH * UNKNOWN + seen * spam / (spam + ham)) / (STRENGTH + seen)
    return min(1 - _EDGE, max(_EDGE, value))


def _chi_square(value: float, pairs: int) -> float:
    """How probable it is that chi-square with 2 × `pairs` degrees of freedom is larger than `value`."""
    half = value / 2
    total = term = math.exp(-half)
    for step in range(1, pairs):
        term *= half / step
        total += term
    return min(1.0, total)
