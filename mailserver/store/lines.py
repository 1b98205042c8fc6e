"""What flags and labels change in conversation lines: counted anew from the entries, for all conversations at once.

Subject, preview, dates and names stay as they are, and those are what `summary.REFRESH` reads messages for. Here
messages are read only where some of a conversation are seen and some are not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from mailserver.store import walks
from mailserver.store.entrysets import Marks
from mailserver.store.exchange import Exchange, Value
from mailserver.store.models.mailbox import Flag

# The conversations of what this transaction has marked, ascending: it left its modseq, and a Change row of its time.
# + 0: a mailbox has many changes, of a time there are few.
_TOUCHED: Final = f"""
unnest((
    SELECT array_agg(DISTINCT e.thread_id) {walks.ENTRIES} WHERE e.modseq = (
        SELECT b.highestmodseq FROM mailbox b WHERE b.id = $1::bigint AND EXISTS (
            SELECT FROM change c WHERE c.at = now() AND c.mailbox_id + 0 = b.id AND c.modseq + 0 = b.highestmodseq))
)) AS n(thread_id)
"""  # noqa: S608
# In this mode as in summary.py.
LOCK: Final = f"""
SELECT count(*) FROM {_TOUCHED}, LATERAL (SELECT t.id FROM thread t WHERE t.id = n.thread_id FOR NO KEY UPDATE) locked
"""  # noqa: S608
_HERE: Final = "AND x.mailbox_id = $1::bigint"
_LINE_HERE: Final = walks.of_thread("threadbox", "x.ctid, x.starred, x.labels", "n.thread_id", _HERE)
_ENTRIES_HERE: Final = walks.of_thread("mailboxmessage", "x.flags, x.keywords", "n.thread_id", _HERE)
STARRED: Final = f"""
UPDATE threadbox t SET starred = s.starred FROM (
    SELECT l.ctid AS place, c.starred FROM {_TOUCHED}, LATERAL {_LINE_HERE} l, LATERAL (
        SELECT count(*) FILTER (WHERE e.flags & 4 <> 0) AS starred FROM {_ENTRIES_HERE} e) c
    WHERE l.starred <> c.starred OFFSET 0
) s WHERE t.ctid = s.place
"""  # noqa: S608
LABELS: Final = f"""
UPDATE threadbox t SET labels = s.ids FROM (
    SELECT l.ctid AS place, c.ids FROM {_TOUCHED}, LATERAL {_LINE_HERE} l, LATERAL (
        SELECT coalesce(array_agg(DISTINCT k), '{{}}') AS ids FROM {_ENTRIES_HERE} e, unnest(e.keywords) k
        WHERE (SELECT shown FROM label WHERE id = k)) c
    WHERE l.labels <> c.ids OFFSET 0
) s WHERE t.ctid = s.place
"""  # noqa: S608
_LINES: Final = walks.of_thread("threadbox", "x.ctid, x.mailbox_id, x.unseen, x.starred, x.participants", "n.thread_id")
_ENTRIES: Final = walks.of_thread("mailboxmessage", "x.mailbox_id, x.message_id, x.flags", "n.thread_id")
_COUNTS: Final = """(e.mailbox_id = l.mailbox_id
    OR (SELECT special_use FROM mailbox WHERE id = e.mailbox_id) NOT IN ('trash', 'junk', 'drafts'))"""
_ADDRESS: Final = """(SELECT x.from_address FROM message x
    WHERE x.id BETWEEN e.message_id AND e.message_id ORDER BY x.id OFFSET 0)"""
# Who has something unread is told in the lines of other mailboxes too.
SEEN: Final = f"""
UPDATE threadbox t SET unseen = s.unseen, starred = s.starred, participants = s.people FROM (
    SELECT l.ctid AS place, c.unseen, c.starred, p.people FROM {_TOUCHED}, LATERAL {_LINES} l, LATERAL (
        SELECT count(*) FILTER (WHERE e.mailbox_id = l.mailbox_id AND e.flags & 1 = 0) AS unseen,
               count(*) FILTER (WHERE e.mailbox_id = l.mailbox_id AND e.flags & 4 <> 0) AS starred,
               bool_and(e.flags & 1 = 0) AS every, bool_or(e.flags & 1 = 0) AS some
        FROM {_ENTRIES} e WHERE {_COUNTS}
    ) c, LATERAL (
        SELECT jsonb_agg(jsonb_build_array(p -> 0, p -> 1, CASE
            WHEN c.every THEN true WHEN NOT c.some THEN false ELSE coalesce((
                SELECT bool_or({_ADDRESS} = p ->> 0) FROM {_ENTRIES} e WHERE e.flags & 1 = 0 AND {_COUNTS}), false)
            END) ORDER BY i) AS people
        FROM jsonb_array_elements(l.participants) WITH ORDINALITY y(p, i)
    ) p WHERE (l.unseen, l.starred, l.participants) IS DISTINCT FROM (c.unseen, c.starred, p.people) OFFSET 0
) s WHERE t.ctid = s.place
"""  # noqa: S608


def note_flags(exchange: Exchange, place: Sequence[Value], marks: Marks, *, labels: bool) -> None:
    """Have the lines agree with entries that were marked by the statement noted before, if they tell of such marks.

    `place`: what `walks.ENTRIES` takes.
    """
    bits = Flag.SEEN if marks.replace else marks.set | marks.clear
    statements = [SEEN] if bits & Flag.SEEN else [STARRED] if bits & Flag.FLAGGED else []
    statements += [LABELS] if labels or marks.replace else []
    if statements:
        for statement in (LOCK, *statements):
            exchange.add(statement, place)
