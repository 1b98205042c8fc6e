"""Points with their reasons, and what they lead to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Action = Literal["inbox", "junk", "reject"]

MOST_REASONS = 40
_LONGEST_SENTENCE = 300


@dataclass(frozen=True, slots=True)
class Reason:
    """Why points were given. `name` is for logs, `sentence` for the reader of the message."""

    name: str
    points: float
    sentence: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """`score` is the sum of the points, rounded to a tenth; `reasons` come with the weightiest first."""

    score: float = 0.0
    reasons: tuple[Reason, ...] = ()
    action: Action = "inbox"

    def to_json(self) -> dict[str, Any]:
        """JSON values, for the timeline."""
        return {
            "score": self.score,
            "action": self.action,
            "reasons": [[reason.name, reason.points, reason.sentence] for reason in self.reasons],
        }


def judge(reasons: Iterable[Reason], *, junk: float, reject: float, decisive: Reason | None = None) -> Judgement:
    """The judgement that reasons lead to: spam from `junk` points on, refused from `reject` on; 0 for never.

    `decisive` makes it spam whatever the points are, though it may still be refused, and is told first.
    """
    found = sorted(reasons, key=lambda reason: (-abs(reason.points), reason.name))
    found = [decisive, *found] if decisive else found
    score = round(sum(reason.points for reason in found), 1)
    action: Action = "inbox"
    if decisive or (junk and score >= junk):
        action = "junk"
    if reject and score >= reject:
        action = "reject"
    kept = tuple(_storable(reason) for reason in found[:MOST_REASONS])
    return Judgement(score, kept, action)


def from_json(value: Mapping[str, Any]) -> Judgement:
    """What `to_json` wrote."""
    reasons = tuple(Reason(name, points, sentence) for name, points, sentence in value["reasons"])
    return Judgement(value["score"], reasons, value["action"])


def _storable(reason: Reason) -> Reason:
    """PostgreSQL takes no NUL and no lone surrogate; scanners write what they like."""
    return Reason(_printable(reason.name), round(reason.points, 2), _printable(reason.sentence))


def _printable(text: str) -> str:
    if not text.isprintable():
        text = "".join(char if char.isprintable() else " " for char in text)
    return text[:_LONGEST_SENTENCE]
