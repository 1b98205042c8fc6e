"""An import as the page shows it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import timezone

from mailserver.store.models import ExternalAccount, ExternalFolder

State = ExternalAccount.State


@dataclass(frozen=True, slots=True)
class Act:
    """A button: `do` is what the view does."""

    do: str
    label: str
    icon: str


_PAUSE = Act("pause", "Pause", "pause")
_RESUME = Act("resume", "Go on", "refresh-cw")
_AGAIN = Act("resume", "Import again", "refresh-cw")
_RETRY = Act("resume", "Try again", "refresh-cw")


@dataclass(frozen=True, slots=True)
class Import:
    """`moving`: the page is to look again soon. `tone` and `icon` say at a glance how it stands."""

    external: ExternalAccount
    folders: Sequence[ExternalFolder]

    @property
    def moving(self) -> bool:
        return self.external.state == State.ACTIVE and not self.waiting

    @property
    def waiting(self) -> bool:
        """Whether everything is here and the next look is only due later."""
        return self.external.finished_at is not None and self.external.round_at > timezone.now()

    @property
    def done(self) -> int:
        return sum(folder.handled for folder in self.folders)

    @property
    def total(self) -> int:
        return max(self.done, sum(folder.total for folder in self.folders))

    @property
    def imported(self) -> int:
        return sum(folder.imported for folder in self.folders)

    @property
    def known(self) -> int:
        return sum(folder.known for folder in self.folders)

    @property
    def failed(self) -> int:
        return sum(folder.failed for folder in self.folders)

    @property
    def percent(self) -> int:
        """Of the messages of the folders that were looked into; full only when all is done."""
        if self.external.state == State.DONE or self.waiting:
            return 100
        return min(99, self.done * 100 // self.total) if self.total else 0

    @property
    def words(self) -> str:
        """How it stands, in a few words."""
        if self.external.state == State.ACTIVE:
            if self.external.error:
                return "Trying again soon"
            if self.waiting:
                return "Up to date"
            return "Importing" if self.external.last_run_at else "About to begin"
        return str(State(self.external.state).label)

    @property
    def tone(self) -> str:
        if self.external.state == State.STOPPED:
            return "bad"
        if self.external.error:
            return "warn"
        return "good" if self.external.state == State.DONE or self.waiting else ""

    @property
    def icon(self) -> str:
        if self.tone in ("bad", "warn"):
            return "triangle-alert"
        if self.external.state == State.PAUSED:
            return "pause"
        return "circle-check" if self.tone == "good" else "download"

    @property
    def act(self) -> Act:
        match self.external.state:
            case State.ACTIVE:
                return _PAUSE
            case State.PAUSED:
                return _RESUME
            case State.DONE:
                return _RETRY if self.failed else _AGAIN
            case _:
                return _RETRY
