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
    return page_of(ThreadBox.objects.filter(mailbox_id=mailbox_id), before=before, limit=limit, only=only)


def starred(account_id: int, *, before: Cursor | None = None, limit: int = PAGE) -> Page:
    """A page of the account's starred conversations, all folders but Spam and Trash."""
    boxes = Mailbox.objects.filter(account_id=account_id).exclude(special_use__in=[Mailbox.Use.JUNK, Mailbox.Use.TRASH])
    return page_of(ThreadBox.objects.filter(mailbox__in=boxes), before=before, limit=limit, only="starred")


def page_of(
    lines: QuerySet[ThreadBox], *, before: Cursor | None = None, limit: int = PAGE, only: str | None = None
) -> Page:
    """A page of these lines, newest first."""
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


def conversation_message(account_id: int, message_id: int) -> ConversationMessage:
    """One message with the entry it is shown for, outside Trash and Spam when it can be. Raises NotFound."""
    rows = MailboxMessage.objects.filter(account_id=account_id, message_id=message_id)
    found = list(rows.select_related("message", "mailbox").order_by("mailbox_id"))
    if not found:
        raise NotFound("There is no such message.")
    hidden = (Mailbox.Use.TRASH, Mailbox.Use.JUNK)
    row = min(found, key=lambda row: row.mailbox.special_use in hidden)
    return ConversationMessage(row.message, row.mailbox, row.uid, row.flags)


def uids(mailbox_id: int, thread_ids: Iterable[int]) -> list[int]:
    """The UIDs of these conversations' messages in one folder."""
    rows = MailboxMessage.objects.filter(mailbox_id=mailbox_id, thread_id__in=list(thread_ids))
    return list(rows.order_by("uid").values_list("uid", flat=True))


def newest_uids(mailbox_id: int, thread_ids: Iterable[int]) -> list[int]:
    """The UID of each conversation's newest message in one folder."""
    rows = MailboxMessage.objects.filter(mailbox_id=mailbox_id, thread_id__in=list(thread_ids))
    newest = rows.order_by("thread_id", "-at", "-uid").distinct("thread_id")
    return sorted(newest.values_list("uid", flat=True))


def lines(account_id: int, keys: Iterable[tuple[int, int]]) -> list[ThreadBox]:
    """The lines of (mailbox, thread) pairs that are still there, newest first."""
    wanted = set(keys)
    found = ThreadBox.objects.filter(
        account_id=account_id, mailbox_id__in={box for box, _ in wanted}, thread_id__in={thread for _, thread in wanted}
    )
    page = page_of(found, limit=len(wanted) + found.count())
    return [line for line in page.lines if (line.mailbox_id, line.thread_id) in wanted]


def line(account_id: int, mailbox_id: int, thread_id: int) -> ThreadBox | None:
    """The line of a conversation in a folder, None when it is not (or no longer) there."""
    found = ThreadBox.objects.filter(account_id=account_id, mailbox_id=mailbox_id, thread_id=thread_id)
    return found.select_related("mailbox").first()


def neighbours(line: ThreadBox) -> tuple[int | None, int | None]:
    """The threads right above (newer) and below (older) a line of its folder."""
    lines = ThreadBox.objects.filter(mailbox_id=line.mailbox_id)
    older = page_of(lines, before=Cursor(line.latest_at, line.thread_id), limit=1).lines
    newer = lines.filter(
        Q(latest_at__gt=line.latest_at) | Q(latest_at=line.latest_at, thread_id__gt=line.thread_id),
        latest_at__gte=line.latest_at,
    )
    above = newer.order_by("latest_at", "thread_id").values_list("thread_id", flat=True).first()
    return above, older[0].thread_id if older else None
