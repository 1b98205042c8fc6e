"""The path of a message as values: what the page draws. Made by `timeline`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Literal

from mailserver.mail.dialogue import Spoken

# done: it happened; slow: it waits; halt: it ended here; todo: not reached, or not known to us.
StepState = Literal["done", "slow", "halt", "todo"]

WayState = Literal[
    "scheduled",
    "leaving",
    "talking",
    "deferred",
    "held",
    "handed",
    "mailbox",
    "read",
    "returned",
    "bounced",
    "expired",
    "cancelled",
    "received",
]


@dataclass(frozen=True, slots=True)
class Fact:
    """A small true thing under a step. `code`: set in type of equal widths; `secure`: with the lock."""

    text: str
    kind: Literal["text", "code", "secure"] = "text"


@dataclass(frozen=True, slots=True)
class Talk:
    """What two servers said: `here` speaks as client, `there` as server. `intro` says which of several calls it was."""

    here: str
    there: str
    at: datetime
    lines: tuple[Spoken, ...]
    intro: str = ""


@dataclass(frozen=True, slots=True)
class Try:
    """A line of the table of attempts: what the other side said, verbatim in `reply`, and what it means.

    `where` is the server called and its address, `tls` what was agreed on with it; "" when nobody was reached.
    """

    number: int
    at: datetime
    said: str
    reply: str
    meaning: str = ""
    where: str = ""
    tls: str = ""
    talk: Talk | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One of the six steps. `short` and `mark` stand at the map's stop, `at` and `since` beside the step.

    `since` is the time from the step before ("+1.52 s", "26 min later") or other words about time ("next: 14:35").
    """

    number: int
    short: str
    title: str
    sentence: str
    state: StepState
    at: datetime | None = None
    since: str = ""
    mark: str = ""
    facts: tuple[Fact, ...] = ()
    tries: tuple[Try, ...] = ()
    talk: Talk | None = None


@dataclass(frozen=True)
class Way:
    """The way to one recipient. `recipient_id` is 0 for a received message; `reply` is the last one heard, verbatim.

    `drawn` makes the steps, once they are asked for: of hundreds of recipients a page shows one.
    """

    recipient_id: int
    address: str
    name: str
    state: WayState
    headline: str
    lead: str
    here: str
    there: str
    drawn: Callable[[], tuple[Step, ...]] = field(repr=False, compare=False)
    reply: str = ""
    next_attempt_at: datetime | None = None

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        return self.drawn()

    @property
    def may_retry(self) -> bool:
        return self.state == "deferred"

    @property
    def may_cancel(self) -> bool:
        return self.state in ("scheduled", "leaving", "deferred", "held")

    @property
    def may_correct(self) -> bool:
        """Whether it can be stopped here and written anew; one that failed or was stopped needs no stopping."""
        return self.state in ("deferred", "held")

    @property
    def may_repeat(self) -> bool:
        return self.failed or self.state == "cancelled"

    @property
    def failed(self) -> bool:
        return self.state in ("bounced", "expired", "returned")

    @property
    def moving(self) -> bool:
        """Whether something more will happen by itself soon: a page that shows it should look again."""
        return self.state in ("leaving", "talking", "deferred", "scheduled")


@dataclass(frozen=True, slots=True)
class Path:
    """The path of one message; a way for each recipient, none when the message did not travel (a draft, an import)."""

    message_id: int
    subject: str
    outgoing: bool
    headline: str
    lead: str
    ways: tuple[Way, ...] = field(default=())
