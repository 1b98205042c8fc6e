"""Conversations as the page shows them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from mailserver.errors import NotFound
from mailserver.store.models import Mailbox, MailboxMessage, Message, Thread, ThreadBox
from mailserver.store.models.mailbox import Flag

PAGE = 50


@dataclass(frozen=True, slots=True)
class Cursor:
    """The line a page continues after: newest first, by (latest_at, thread)."""

    at: datetime
    thread_id: int


@dataclass(frozen=True, slots=True)
class Page:
    """Lines of a conversation list, newest first; `next` is None on the last page."""

    lines: list[ThreadBox]
    next: Cursor | None


@dataclass(frozen=True, slots=True)
class ConversationMessage:
    """A message of a conversation with the entry it is shown for."""

    message: Message
    mailbox: Mailbox
    uid: int
    flags: int

    @property
    def seen(self) -> bool:
        return bool(self.flags & Flag.SEEN)

    @property
    def starred(self) -> bool:
        return bool(self.flags & Flag.FLAGGED)


def page(mailbox_id: int, *, before: Cursor | None = None, limit: int = PAGE, only: str | None = None) -> Page:
    """A page of a folder's conversations. `only`: 'unseen' or 'starred'. One index scan at any depth."""
    return _page(ThreadBox.objects.filter(mailbox_id=mailbox_id), before, limit, only)


def starred(account_id: int, *, before: Cursor | None = None, limit: int = PAGE) -> Page:
    """A page of the account's starred conversations, all folders but Spam and Trash."""
    boxes = Mailbox.objects.filter(account_id=account_id).exclude(special_use__in=[Mailbox.Use.JUNK, Mailbox.Use.TRASH])
    return _page(ThreadBox.objects.filter(mailbox__in=boxes), before, limit, "starred")


def _page(lines: QuerySet[ThreadBox], before: Cursor | None, limit: int, only: str | None) -> Page:
    if only == "unseen":
        lines = lines.filter(unseen__gt=0)
    elif only == "starred":
        lines = lines.filter(starred__gt=0)
    if before is not None:
        lines = lines.filter(Q(latest_at__lt=before.at) | Q(latest_at=before.at, thread_id__lt=before.thread_id))
        lines = lines.filter(latest_at__lte=before.at)  # bounds the index scan; OR alone would not
    found = list(
        lines.order_by("-latest_at", "-thread_id")
        .select_related("latest_message", "mailbox")
        .only(
            *(f.name for f in ThreadBox._meta.concrete_fields),
            "latest_message__recipients",
            "latest_message__from_address",
            "latest_message__message_id",
            "mailbox__path",
            "mailbox__special_use",
        )[: limit + 1]
    )
    more = len(found) > limit
    found = found[:limit]
    return Page(found, Cursor(found[-1].latest_at, found[-1].thread_id) if more else None)


def conversation(account_id: int, thread_id: int) -> list[ConversationMessage]:
    """Every message of a conversation once, oldest first. Raises NotFound.

    A message in several folders is shown for the entry outside Trash and Spam.
    """
    if not Thread.objects.filter(pk=thread_id, account_id=account_id).exists():
        raise NotFound("There is no such conversation.")
    rows = (
        MailboxMessage.objects.filter(thread_id=thread_id, account_id=account_id)
        .select_related("message", "mailbox")
        .order_by("at", "message_id")
    )
    shown: dict[int, ConversationMessage] = {}
    for row in rows:
        item = ConversationMessage(row.message, row.mailbox, row.uid, row.flags)
        hidden = row.mailbox.special_use in (Mailbox.Use.TRASH, Mailbox.Use.JUNK)
        if row.message_id not in shown or not hidden:
            shown[row.message_id] = item
    if not shown:
        raise NotFound("There is no such conversation.")
    return list(shown.values())


def uids(mailbox_id: int, thread_ids: Iterable[int]) -> list[int]:
    """The UIDs of these conversations' messages in one folder."""
    rows = MailboxMessage.objects.filter(mailbox_id=mailbox_id, thread_id__in=list(thread_ids))
    return list(rows.order_by("uid").values_list("uid", flat=True))
