"""Whether an account sends as if somebody else had its password: figures of one hour against what is usual for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from mailserver.conf import Alarm

# Who was released may go on as before: only what is so many times more alarms again.
EXCUSED = 2


@dataclass(frozen=True, slots=True)
class Figures:
    """Of the last hour: recipients, domains the account never wrote to, hard bounces, networks that mail came from.

    `usual` is the most recipients the account had in any hour of the month before today.
    """

    recipients: int
    usual: int = 0
    domains: int = 0
    bounces: int = 0
    networks: int = 0


@dataclass(frozen=True, slots=True)
class Reason:
    """What is out of the ordinary: `kind` is a field of Figures, `seen` its value, `most` what would have been fine."""

    kind: str
    seen: int
    most: int


def suspicion(figures: Figures, alarm: Alarm, released: Figures | None = None) -> tuple[Reason, ...]:
    """The reasons to stop the account; none when all is as usual.

    Recipients must exceed both the fixed figure and the account's own usual hour many times. `released` is what an
    administrator has seen and let go a short while ago.
    """
    most = {
        "recipients": max(alarm.recipients, alarm.times * figures.usual),
        "domains": alarm.domains,
        "bounces": alarm.bounces,
        "networks": alarm.networks,
    }
    excused = asdict(released) if released else {}
    seen = asdict(figures)
    bounds = {kind: max(bound, EXCUSED * excused.get(kind, 0)) for kind, bound in most.items()}
    return tuple(Reason(kind, seen[kind], bound) for kind, bound in bounds.items() if seen[kind] > bound)


WORDS: Mapping[str, str] = {
    "recipients": "{seen:,} recipients in an hour; {usual:,} was the most in any hour of the last month",
    "domains": "{seen:,} domains in an hour that the account never wrote to before",
    "bounces": "{seen:,} recipients refused for good within an hour",
    "networks": "mail from {seen:,} different networks within an hour",
}


def describe(reason: Reason, usual: int) -> str:
    """The reason as a part of a sentence."""
    return WORDS[reason.kind].format(seen=reason.seen, usual=usual)
