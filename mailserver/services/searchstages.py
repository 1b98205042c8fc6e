"""The statements of a search over the index, each with a plan that no statistics can turn (docs/performance.md).

`MATERIALIZED` and the limits inside are what holds the plans: without them a word that nobody wrote is looked for in
every document there is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

from mailserver.errors import SearchTooSlow
from mailserver.mail import lexemes
from mailserver.mail.query import Query
from mailserver.services.threads import Cursor
from mailserver.store.models import Mailbox

# The index of the words of half a million messages takes a quarter of a second for the most frequent one.
MAX_SECONDS = 2
# Behind every conversation that ended at one moment.
LAST_THREAD = 10**18 - 1

PLANNED = """
SELECT current_setting('statement_timeout'), set_config('statement_timeout', %s, true),
       set_config('jit', 'off', true), set_config('random_page_cost', '1.1', true),
       set_config('work_mem', '32MB', true)
"""

# Messages without a document, as it will be: the words of both meet in the same way.
WAITING = """
SELECT thread_id FROM unnest(%s::bigint[], %s::text[]) AS x (thread_id, words) WHERE words::tsvector @@ %s::tsquery
"""

NEWEST = """
SELECT message_id, at FROM searchdocument
WHERE account_id = %(account)s AND at <= %(before)s::timestamptz ORDER BY at DESC, message_id DESC LIMIT %(most)s
"""

# Behind WALK or ASK. A conversation's line is its newest one, one outside Sent and Drafts if it can.
LINES = """
, line AS (
    SELECT DISTINCT ON (l.thread_id) l.mailbox_id, l.thread_id, l.latest_at
    FROM found f JOIN threadbox l ON l.thread_id = f.thread_id
    WHERE l.account_id = %(account)s AND l.mailbox_id = ANY(%(boxes)s)
      AND (NOT %(unread)s OR l.unseen > 0) AND (NOT %(starred)s OR l.starred > 0) AND (NOT %(attachment)s OR l.attach)
    ORDER BY l.thread_id, l.mailbox_id = ANY(%(ours)s), l.latest_at DESC, l.mailbox_id
)
SELECT mailbox_id, thread_id, latest_at FROM line
WHERE (latest_at, thread_id) < (%(before)s::timestamptz, %(before_thread)s) AND latest_at > %(floor)s::timestamptz
ORDER BY latest_at DESC, thread_id DESC LIMIT %(limit)s
"""

# All messages of the conversations that the newest documents belong to; the words are compared where no index is.
WALK = """
WITH touched AS MATERIALIZED (
    SELECT e.thread_id FROM mailboxmessage e
    WHERE e.message_id = ANY(%(newest)s::bigint[]) AND e.account_id = %(account)s
    UNION SELECT unnest(%(waiting)s::bigint[])
), document AS MATERIALIZED (
    SELECT e.thread_id, d.tsv
    FROM touched t
    JOIN mailboxmessage e ON e.thread_id = t.thread_id
    JOIN searchdocument d ON d.message_id = e.message_id
    WHERE d.account_id = %(account)s AND e.mailbox_id = ANY(%(boxes)s)
), found AS (
    SELECT thread_id FROM document WHERE tsv @@ %(condition)s::tsquery
    UNION SELECT unnest(%(fresh)s::bigint[])
)"""

# The account's lexeme makes it quick; the comparison of account_id is the guard.
ASK = """
WITH hit AS MATERIALIZED (
    SELECT message_id, account_id FROM searchdocument WHERE tsv @@ %(scoped)s::tsquery
), found AS (
    SELECT e.thread_id FROM hit h JOIN mailboxmessage e ON e.message_id = h.message_id
    WHERE h.account_id = %(account)s AND e.account_id = %(account)s AND e.mailbox_id = ANY(%(boxes)s)
    UNION SELECT unnest(%(fresh)s::bigint[])
)"""


@dataclass(frozen=True, slots=True)
class Place:
    """A line that was found: (mailbox, thread) and the date it stands at."""

    mailbox_id: int
    thread_id: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Boxes:
    """The folders of an account that are searched; `ours` are those of them with what its owner wrote."""

    searched: list[int]
    ours: list[int]

    @classmethod
    def of(cls, account_id: int) -> Boxes:
        """All folders but Spam and Trash."""
        boxes = list(Mailbox.objects.filter(account_id=account_id).values_list("id", "special_use"))
        hidden, ours = (Mailbox.Use.JUNK, Mailbox.Use.TRASH), (Mailbox.Use.SENT, Mailbox.Use.DRAFTS)
        return cls([box for box, use in boxes if use not in hidden], [box for box, use in boxes if use in ours])


@contextmanager
def planned(seconds: int = MAX_SECONDS) -> Iterator[None]:
    """A transaction with what the planner should believe and the longest a statement may take.

    Raises SearchTooSlow when one inside took longer.
    """
    with _in_time(), connection.cursor() as cursor:
        cursor.execute(PLANNED, [f"{seconds}s"])
        before, *_ = cursor.fetchone()
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


@contextmanager
def _in_time() -> Iterator[None]:
    """A transaction, or a part of one that what is around survives."""
    try:
        with transaction.atomic():
            yield
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise SearchTooSlow("This search takes too long.") from error
        raise


@dataclass(slots=True)
class Stages:
    """One search, inside `planned`. `condition` as of `lexemes.condition`; `waiting` are the conversations that have
    messages without a document, `all_waiting` whether these are all, `fresh` those with a message among them that has
    the words."""

    account_id: int
    query: Query
    condition: str
    limit: int
    boxes: Boxes
    waiting: list[int] = field(default_factory=list)
    fresh: list[int] = field(default_factory=list)
    all_waiting: bool = True

    def wait(self, noted: Sequence[tuple[int, str]]) -> None:
        """Note messages without a document, as (conversation, the document it will have)."""
        threads = [thread_id for thread_id, _ in noted]
        with connection.cursor() as cursor:
            cursor.execute(WAITING, [threads, [words for _, words in noted], self.condition])
            self.fresh += [thread_id for (thread_id,) in cursor.fetchall()]
        self.waiting += threads

    def walk(self, most: int, before: Cursor | None) -> tuple[list[Place], Cursor | None]:
        """The lines that `most` documents prove, and where the search goes on: None when there are no more documents.

        A conversation stands at its newest message, so those above the oldest document read have a message among
        the ones read or among those that wait. Raises SearchTooSlow: one of them may have thousands of messages.
        """
        with connection.cursor() as cursor:
            cursor.execute(NEWEST, {"account": self.account_id, "before": _moment(before), "most": most})
            newest = cursor.fetchall()
        rest = Cursor(newest[-1][1], LAST_THREAD) if len(newest) == most else None
        floor = rest.at if rest else "-infinity"
        return self._places(WALK, before, floor=floor, newest=[message_id for message_id, _ in newest]), rest

    def ask(self, before: Cursor | None) -> list[Place]:
        """The lines that the index knows. Raises SearchTooSlow."""
        return self._places(ASK, before, scoped=f"'{lexemes.account(self.account_id)}' & ({self.condition})")

    def _places(self, found: str, before: Cursor | None, **parameters: Any) -> list[Place]:
        """At most one more than a page."""
        with _in_time(), connection.cursor() as cursor:
            cursor.execute(found + LINES, {**self._parameters(before), **parameters})
            return [Place(*row) for row in cursor.fetchall()]

    def _parameters(self, before: Cursor | None) -> dict[str, Any]:
        return {
            "account": self.account_id,
            "condition": self.condition,
            "boxes": self.boxes.searched,
            "ours": self.boxes.ours,
            "unread": self.query.unread,
            "starred": self.query.starred,
            "attachment": self.query.attachment,
            "waiting": self.waiting,
            "fresh": self.fresh,
            "before": _moment(before),
            "before_thread": before.thread_id if before else LAST_THREAD,
            "floor": "-infinity",
            "limit": self.limit + 1,
        }


def _moment(before: Cursor | None) -> datetime | str:
    return before.at if before else "infinity"
