"""What flags and labels change in conversation lines: counted anew from the entries, for all conversations at once.

Subject, preview, dates and names stay as they are, and those are what `summary.REFRESH` reads messages for. Here
messages are read only where some of a conversation are seen and some are not.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

from mailserver.store.entrysets import Marks
from mailserver.store.exchange import Exchange, Value
from mailserver.store.models.mailbox import Flag

# The conversations of what the statement before has changed: it left the mailbox's modseq.
_TOUCHED = """
SELECT DISTINCT e.thread_id FROM mailboxmessage e
WHERE {these} AND e.modseq = (SELECT b.highestmodseq FROM mailbox b WHERE b.id = $1::bigint)
"""
# In id order, and in this mode, as in summary.py.
LOCK = """
SELECT count(*) FROM (
    SELECT t.id FROM thread t WHERE t.id IN ({touched}) ORDER BY t.id FOR NO KEY UPDATE) locked
"""
STARRED = """
UPDATE threadbox t SET starred = o.starred FROM (
    SELECT e.thread_id, count(*) FILTER (WHERE e.flags & 4 <> 0) AS starred
    FROM ({touched}) n JOIN mailboxmessage e ON e.thread_id = n.thread_id AND e.mailbox_id = $1::bigint GROUP BY 1
) o WHERE t.mailbox_id = $1::bigint AND t.thread_id = o.thread_id AND t.starred <> o.starred
"""
LABELS = """
UPDATE threadbox t SET labels = o.ids FROM (
    SELECT n.thread_id, ARRAY(
        SELECT DISTINCT k FROM mailboxmessage e, unnest(e.keywords) k JOIN label l ON l.id = k AND l.shown
        WHERE e.thread_id = n.thread_id AND e.mailbox_id = $1::bigint ORDER BY k) AS ids
    FROM ({touched}) n
) o WHERE t.mailbox_id = $1::bigint AND t.thread_id = o.thread_id AND t.labels <> o.ids
"""
# Who has something unread is told in the lines of other mailboxes too. Nothing is joined but by an index: the plan is
# made before it is known how many conversations there are.
SEEN = """
UPDATE threadbox t SET unseen = s.unseen, starred = s.starred, participants = (
    SELECT jsonb_agg(jsonb_build_array(p -> 0, p -> 1, CASE
        WHEN s.every THEN true WHEN NOT s.some THEN false ELSE EXISTS (
            SELECT FROM mailboxmessage e JOIN mailbox b ON b.id = e.mailbox_id JOIN message m ON m.id = e.message_id
            WHERE e.thread_id = s.thread_id AND e.flags & 1 = 0 AND m.from_address = p ->> 0
            AND (e.mailbox_id = s.mailbox_id OR b.special_use NOT IN ('trash', 'junk', 'drafts')) OFFSET 0)
        END) ORDER BY i)
    FROM jsonb_array_elements(t.participants) WITH ORDINALITY x(p, i))
FROM (
    SELECT l.mailbox_id, l.thread_id, count(*) FILTER (WHERE e.mailbox_id = l.mailbox_id AND e.flags & 1 = 0) AS unseen,
           count(*) FILTER (WHERE e.mailbox_id = l.mailbox_id AND e.flags & 4 <> 0) AS starred,
           bool_and(e.flags & 1 = 0) AS every, bool_or(e.flags & 1 = 0) AS some
    FROM ({touched}) n JOIN threadbox l ON l.thread_id = n.thread_id
    JOIN mailboxmessage e ON e.thread_id = l.thread_id JOIN mailbox b ON b.id = e.mailbox_id
    WHERE e.mailbox_id = l.mailbox_id OR b.special_use NOT IN ('trash', 'junk', 'drafts') GROUP BY 1, 2
) s WHERE t.mailbox_id = s.mailbox_id AND t.thread_id = s.thread_id
"""

_ALL_LABELS = 0x7FFF


def note_flags(exchange: Exchange, these: str, place: Sequence[Value], marks: Marks, *, labels: bool) -> None:
    """Have the lines agree with entries that were marked by the statement noted before, if they tell of such marks."""
    bits = _ALL_LABELS if marks.replace else marks.set | marks.clear
    statements = [SEEN] if bits & Flag.SEEN else [STARRED] if bits & Flag.FLAGGED else []
    statements += [LABELS] if labels or marks.replace else []
    if statements:
        for statement in (LOCK, *statements):
            exchange.add(_among(statement, these), place)


@functools.lru_cache(maxsize=20)
def _among(statement: str, these: str) -> str:
    return statement.format(touched=_TOUCHED.format(these=these))
