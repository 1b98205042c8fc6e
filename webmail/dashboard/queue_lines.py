"""Rows of the queue in plain words."""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.mail import dialogue, explain
from mailserver.mail.dialogue import Spoken
from mailserver.store.models import DeliveryAttempt, QueueRecipient

State = QueueRecipient.State
ICONS = {
    State.QUEUED: ("hourglass", "soft", "About to leave"),
    State.DELIVERING: ("send", "good", "Being sent"),
    State.HELD: ("pause", "bad", "On hold"),
    State.DELIVERED: ("check", "good", "Delivered"),
    State.CANCELLED: ("ban", "soft", "Cancelled"),
    State.EXPIRED: ("mail-x", "bad", "Given up"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the list: why the recipient is where it is, in our words and in theirs."""

    row: QueueRecipient
    icon: str
    tone: str
    why: str
    advice: str

    @property
    def acts(self) -> list[tuple[str, str, str]]:
        """(act, icon, words) of the buttons that make sense."""
        found = []
        if self.row.state in (State.QUEUED, State.DEFERRED):
            found += [("retry", "refresh-cw", "Try now"), ("hold", "pause", "Hold")]
        if self.row.state == State.HELD:
            found.append(("release", "send", "Release"))
        if self.row.state in (State.QUEUED, State.DEFERRED, State.HELD):
            found.append(("cancel", "trash-2", "Cancel"))
        return found

    @property
    def reply(self) -> str:
        parts = (self.row.reply_code, self.row.reply_enhanced, self.row.reply_text)
        return " ".join(str(part) for part in parts if part)


def line(row: QueueRecipient) -> Line:
    """The row with the reason for its state."""
    state = State(row.state)
    if state in ICONS and not (state == State.QUEUED and row.reply_text):
        icon, tone, why = ICONS[state]
        return Line(row, icon, tone, why, "")
    found = explain.explain(
        row.reply_code, row.reply_enhanced, row.reply_text, row.address, final=state == State.BOUNCED
    )
    return Line(row, "mail-x" if found.final else "clock", "bad" if found.final else "warn", found.reason, found.advice)


@dataclass(frozen=True, slots=True)
class Try:
    """One call to another server."""

    attempt: DeliveryAttempt
    lines: list[Spoken]


def spoken(attempt: DeliveryAttempt) -> Try:
    """A try with its dialogue translated."""
    return Try(attempt, dialogue.translate(attempt.transcript))
