"""The frame around every page: folders, counts, storage. A context processor, so that views need not know it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.http import HttpRequest

from mailserver.services import alarms, mailboxes, release
from mailserver.store.models import Account, Mailbox

Use = Mailbox.Use
ICONS = {
    Use.INBOX: "inbox",
    Use.DRAFTS: "file-pen-line",
    Use.SENT: "send",
    Use.ARCHIVE: "archive",
    Use.JUNK: "octagon-alert",
    Use.TRASH: "trash-2",
}
# Unread mail in these says nothing to its reader; drafts are counted whole.
UNCOUNTED = (Use.SENT, Use.TRASH)


def mailbox_name(box: Mailbox) -> str:
    """What the page calls a folder: 'Inbox' for INBOX, the last level for others."""
    return str(Use.INBOX.label) if box.special_use == Use.INBOX else box.name


@dataclass
class Folder:
    """A node of the folder tree; `mailbox` is None where only deeper levels exist."""

    name: str
    mailbox: Mailbox | None = None
    children: list[Folder] = field(default_factory=list)


class Shell:
    def __init__(self, account: Account) -> None:
        self.account = account

    @cached_property
    def mailboxes(self) -> list[Mailbox]:
        return mailboxes.list_for(self.account.pk)

    @cached_property
    def scheduled(self) -> int:
        """How many messages wait for their hour."""
        return release.count(self.account.pk)

    @cached_property
    def on_hold(self) -> bool:
        """Whether what the account sends waits for an administrator."""
        return alarms.opened(self.account.pk) is not None

    @property
    def special(self) -> list[Mailbox]:
        """Inbox, Drafts, Sent, Archive, Spam, Trash."""
        return [box for box in self.mailboxes if box.special_use]

    @property
    def folders(self) -> list[Folder]:
        """The account's own folders as trees."""
        return tree([box for box in self.mailboxes if not box.special_use])

    @property
    def targets(self) -> list[Mailbox]:
        """Folders a conversation can be moved to by hand."""
        return [box for box in self.mailboxes if box.special_use not in (Use.DRAFTS, Use.SENT)]

    @property
    def inbox(self) -> Mailbox:
        return self.mailboxes[0]

    @property
    def used(self) -> int:
        """Bytes of mail kept."""
        return sum(box.size for box in self.mailboxes)

    @property
    def used_percent(self) -> int:
        return min(100, round(100 * self.used / self.account.quota)) if self.account.quota else 0


def tree(boxes: Sequence[Mailbox]) -> list[Folder]:
    """Folders by the levels of their paths, which come sorted."""
    roots: list[Folder] = []
    for box in boxes:
        siblings, node = roots, Folder("")
        for level in box.path.split("/"):
            node = next((found for found in siblings if found.name == level), None) or Folder(level)
            if node not in siblings:
                siblings.append(node)
            siblings = node.children
        node.mailbox = box
    return roots


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor."""
    user = getattr(request, "user", None)
    return {"shell": Shell(user)} if isinstance(user, Account) and user.is_authenticated else {}
