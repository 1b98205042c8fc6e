"""Finding conversations, newest first, in stages that the code chooses: the planner, left alone with one statement,
takes between half a millisecond and five seconds for the same question (docs/performance.md).

1. The newest documents of the account are read. Every frequent word ends here.
2. At the rate just seen, so many more as should fill the page, when they are not too many.
3. Otherwise the index is asked for all messages of the account that have the words.

Of what is not indexed yet, the documents are made on the spot. When the index knows nothing of the words, every header
is compared piece by piece.
"""

from __future__ import annotations

import time
from collections.abc import Sequence

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, Subquery, TextField, Value

from mailserver.errors import SearchTooSlow
from mailserver.mail import lexemes
from mailserver.mail.query import Query
from mailserver.services import searchindex, threads
from mailserver.services.searchstages import Boxes, Place, Stages, planned
from mailserver.services.threads import PAGE, Cursor, Page, page_of
from mailserver.store.models import MailboxMessage, Message, SearchPending, ThreadBox

# The order of the fields in Message.header, separated by U+0001.
_SUBJECT, _SENDER, _RECIPIENTS = 1, 2, 3
# Messages not indexed yet whose text is read, and for how many seconds; those of which the row with its preview does;
# and, of more, as while an old store is indexed, those that are found by their headers.
WAITING_READ, READING = 50, 0.3
WAITING, WAITING_OLDER = 500, 5000
# Documents read in the first stage, and at most in the second.
WALK, WALK_MOST = 200, 2000
# Hits are never spread evenly.
_MARGIN = 1.3


def find(account_id: int, query: Query, *, before: Cursor | None = None, limit: int = PAGE) -> Page:
    """A page of the conversations with a message that has all words, newest first, each once.

    Spam, Trash and what was deleted are left out. Where the index takes too long, the page has what the newest
    documents prove, perhaps nothing, and goes on behind them. Raises SearchTooSlow when these take too long as well.
    """
    with planned():
        boxes = Boxes.of(account_id)
        condition = lexemes.condition(query)
        if condition:
            stages = Stages(account_id, query, condition, limit, boxes)
            _note_waiting(stages)
            page = _staged(stages, before)
            if page.lines or page.next or (before is not None and _staged(stages, None).lines):
                return page
        return _by_header(boxes, account_id, query, before=before, limit=limit)


def _note_waiting(stages: Stages) -> None:
    """Look through the messages that have no document yet."""
    pending = SearchPending.objects.filter(account_id=stages.account_id)
    newest = list(pending.order_by("-message_id").values_list("message_id", flat=True)[:WAITING])
    if not newest:
        return
    rows = _in(stages.boxes, stages.account_id).filter(pk__in=newest).order_by("-pk")
    noted: list[tuple[int, str]] = []
    until = time.monotonic() + READING
    for row in rows.only("thread_id", *searchindex.GLANCED):
        read = len(noted) < WAITING_READ and time.monotonic() < until
        text = searchindex.whole if read else searchindex.glance
        noted.append((row.thread_id, searchindex.vector(row, text)))
    stages.wait(noted)
    if len(newest) == WAITING:
        stages.all_waiting = False
        older = _messages(stages.boxes, stages.account_id, stages.query).filter(pk__in=pending.values("message_id"))
        stages.fresh += older.order_by("-pk").values_list("thread_id", flat=True)[:WAITING_OLDER]


def _staged(stages: Stages, before: Cursor | None) -> Page:
    page = _from_newest(stages, before)
    if page is not None:
        return page
    try:
        return _page(stages, stages.ask(before))
    except SearchTooSlow:
        places, rest = stages.walk(WALK_MOST, before)
        if before and rest and rest.at >= before.at:
            raise  # thousands of messages of one moment: the next page would be this one
        return _page(stages, places, rest=rest)


def _from_newest(stages: Stages, before: Cursor | None) -> Page | None:
    """The page if the newest documents fill it, or are all there are."""
    most = WALK if stages.all_waiting else 0
    while 0 < most <= WALK_MOST:
        try:
            places, rest = stages.walk(most, before)
        except SearchTooSlow:
            return None  # the index reads nothing of a long conversation but what has the words
        if rest is None or len(places) > stages.limit:
            return _page(stages, places)
        # A second time only: the rate is known then, and reading still more would cost what the index costs.
        most = int(WALK * (stages.limit + 1) / len(places) * _MARGIN) if places and most == WALK else 0
    return None


def _page(stages: Stages, places: Sequence[Place], *, rest: Cursor | None = None) -> Page:
    """The lines at these places, at most a page; `rest` is where the search goes on when they are not all."""
    shown = places[: stages.limit]
    lines = threads.lines(stages.account_id, [(place.mailbox_id, place.thread_id) for place in shown])
    if len(places) > len(shown):
        rest = Cursor(shown[-1].at, shown[-1].thread_id)
    return Page(lines, rest)


def _by_header(boxes: Boxes, account_id: int, query: Query, *, before: Cursor | None, limit: int) -> Page:
    """Terms as pieces of text in subject and people: one scan of the covering index over folded headers."""
    shown = ThreadBox.objects.filter(mailbox__in=boxes.searched)
    if query.unread:
        shown = shown.filter(unseen__gt=0)
    if query.starred:
        shown = shown.filter(starred__gt=0)
    if query.attachment:
        shown = shown.filter(attach=True)
    lines = shown
    if query.has_terms:
        lines = lines.filter(thread_id__in=Subquery(_messages(boxes, account_id, query).values("thread_id")))
    return page_of(_once(lines, shown, boxes), before=before, limit=limit)


def _once(lines: QuerySet[ThreadBox], shown: QuerySet[ThreadBox], boxes: Boxes) -> QuerySet[ThreadBox]:
    """A conversation lies in several folders: its newest line stands for it, one outside Sent and Drafts if it can."""
    ours = Q(mailbox__in=boxes.ours)
    newer = Q(latest_at__gt=OuterRef("latest_at")) | Q(latest_at=OuterRef("latest_at"), mailbox__lt=OuterRef("mailbox"))
    others = shown.filter(thread_id=OuterRef("thread_id"))
    received, newer_received = Exists(others.exclude(ours)), Exists(others.exclude(ours).filter(newer))
    return lines.exclude(ours & (received | Exists(others.filter(newer)))).exclude(~ours & newer_received)


def _in(boxes: Boxes, account_id: int) -> QuerySet[Message]:
    """The account's messages that lie in one of these folders: others were deleted, and their rows go a day later."""
    entries = MailboxMessage.objects.filter(message_id=OuterRef("pk"), mailbox__in=boxes.searched)
    return Message.objects.filter(Exists(entries), account_id=account_id)


def _messages(boxes: Boxes, account_id: int, query: Query) -> QuerySet[Message]:
    found = _in(boxes, account_id)
    for word in query.words:
        found = found.filter(header__contains=word)
    for number, terms in ((_SUBJECT, query.subjects), (_SENDER, query.senders), (_RECIPIENTS, query.recipients)):
        for term in terms:
            field = Func(F("header"), Value("\x01"), Value(number), function="split_part", output_field=TextField())
            found = found.alias(**{f"field{number}": field}).filter(**{f"field{number}__contains": term})
    return found
