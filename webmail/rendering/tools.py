"""Which buttons a conversation gets: what makes sense depends on the folder it is in."""

from __future__ import annotations

from dataclasses import dataclass

from mailserver.store.models import Mailbox

Use = Mailbox.Use


@dataclass(frozen=True, slots=True)
class Tool:
    """A button: `act` is what webmail.acts does, `key` the letter that presses it."""

    act: str
    label: str
    icon: str
    key: str = ""

    @property
    def tip(self) -> str:
        return f"{self.label} · {self.key}" if self.key else self.label


ARCHIVE = Tool("archive", "Archive", "archive", "e")
DELETE = Tool("delete", "Delete", "trash-2", "#")
ERASE = Tool("erase", "Delete for good", "trash-2", "#")
SPAM = Tool("spam", "Report spam", "octagon-alert", "!")
NOT_SPAM = Tool("notspam", "Not spam", "mail-check", "!")
RESTORE = Tool("restore", "Move to Inbox", "inbox")
READ = Tool("read", "Mark read", "mail-open", "I")
UNREAD = Tool("unread", "Mark unread", "mail", "U")

_BY_USE = {
    Use.INBOX: [ARCHIVE, DELETE, SPAM],
    Use.NONE: [ARCHIVE, DELETE, SPAM],
    Use.ARCHIVE: [RESTORE, DELETE, SPAM],
    Use.SENT: [DELETE],
    Use.DRAFTS: [DELETE],
    Use.JUNK: [NOT_SPAM, ERASE],
    Use.TRASH: [RESTORE, ERASE],
}


def for_folder(use: str) -> list[Tool]:
    """What moves a conversation out of a folder with this use."""
    return _BY_USE[Use(use)]


def for_row(use: str, *, unread: bool) -> list[Tool]:
    """The tools that appear when the pointer is on a row."""
    moving = [tool for tool in for_folder(use) if tool is not SPAM]
    return [*moving, READ if unread else UNREAD]


def for_selection(use: str) -> list[Tool]:
    """The tools of the bar above a selection."""
    return [*(tool for tool in for_folder(use) if tool is not SPAM), READ]
