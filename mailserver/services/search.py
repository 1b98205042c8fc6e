"""Finding conversations by subject and people: one scan of the covering index over folded headers."""

from __future__ import annotations

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value

from mailserver.mail.query import Query
from mailserver.services.threads import PAGE, Cursor, Page, page_of
from mailserver.store.models import Mailbox, Message, ThreadBox

# The order of the fields in Message.header, separated by U+0001.
_SUBJECT, _SENDER, _RECIPIENTS = 1, 2, 3


def find(account_id: int, query: Query, *, before: Cursor | None = None, limit: int = PAGE) -> Page:
    """A page of the conversations with a message that has all words, newest first, each once, not in Spam or Trash."""
    boxes = Mailbox.objects.filter(account_id=account_id).exclude(special_use__in=[Mailbox.Use.JUNK, Mailbox.Use.TRASH])
    shown = ThreadBox.objects.filter(mailbox__in=boxes)
    if query.unread:
        shown = shown.filter(unseen__gt=0)
    if query.starred:
        shown = shown.filter(starred__gt=0)
    if query.attachment:
        shown = shown.filter(attach=True)
    lines = shown
    if query.words or query.senders or query.recipients or query.subjects:
        lines = lines.filter(thread_id__in=Subquery(_messages(account_id, query).values("thread_id")))
    return page_of(_once(lines, shown), before=before, limit=limit)


def _once(lines: QuerySet[ThreadBox], shown: QuerySet[ThreadBox]) -> QuerySet[ThreadBox]:
    """A conversation lies in several folders: its newest line stands for it, one outside Sent and Drafts if it can."""
    ours = Q(mailbox__special_use__in=[Mailbox.Use.SENT, Mailbox.Use.DRAFTS])
    newer = Q(latest_at__gt=OuterRef("latest_at")) | Q(latest_at=OuterRef("latest_at"), mailbox__lt=OuterRef("mailbox"))
    others = shown.filter(thread_id=OuterRef("thread_id"))
    received, newer_received = Exists(others.exclude(ours)), Exists(others.exclude(ours).filter(newer))
    return lines.exclude(ours & (received | Exists(others.filter(newer)))).exclude(~ours & newer_received)


def _messages(account_id: int, query: Query) -> QuerySet[Message]:
    found = Message.objects.filter(account_id=account_id)
    for word in query.words:
        found = found.filter(header__contains=word)
    for number, terms in ((_SUBJECT, query.subjects), (_SENDER, query.senders), (_RECIPIENTS, query.recipients)):
        for term in terms:
            field = Func(F("header"), Value("\x01"), Value(number), function="split_part", output_field=TextField())
            found = found.alias(**{f"field{number}": field}).filter(**{f"field{number}__contains": term})
    return found
