"""The conversation lines (ThreadBox): recomputed from the entries of the touched conversations, in one statement.

Recomputing costs no more than adding and subtracting would (docs/performance.md) and cannot drift.
"""

from __future__ import annotations

from collections.abc import Collection

from mailserver.store import rows
from mailserver.store.exchange import Exchange, array
from mailserver.store.models.mailbox import Flag
from mailserver.store.newentry import NewEntry, Shown

# FOR NO KEY UPDATE: the inserts of entries hold FOR KEY SHARE on the thread through their foreign key, which two
# writers may hold at once; FOR UPDATE would make them wait for each other.
LOCK = "SELECT id FROM thread WHERE id = ANY($1::bigint[]) ORDER BY id FOR NO KEY UPDATE"

REFRESH = """
WITH own AS (
    SELECT e.account_id, e.mailbox_id, e.thread_id, max(e.at) AS latest_at,
           (array_agg(e.message_id ORDER BY e.at DESC, e.uid DESC))[1] AS latest_id,
           count(*) FILTER (WHERE e.flags & 1 = 0) AS unseen,
           count(*) FILTER (WHERE e.flags & 4 <> 0) AS starred,
           bool_or(m.has_attachments) AS attach
    FROM mailboxmessage e JOIN message m ON m.id = e.message_id
    WHERE e.thread_id = ANY($1::bigint[]) GROUP BY 1, 2, 3
), label AS (
    SELECT e.mailbox_id, e.thread_id, array_agg(DISTINCT k ORDER BY k) AS ids
    FROM mailboxmessage e, unnest(e.keywords) k JOIN label ON label.id = k AND label.shown
    WHERE e.thread_id = ANY($1::bigint[]) GROUP BY 1, 2
), counted AS (
    SELECT o.mailbox_id, o.thread_id, e.message_id, min(e.at) AS at, bool_or(e.flags & 1 = 0) AS unseen
    FROM own o JOIN mailboxmessage e ON e.thread_id = o.thread_id JOIN mailbox b ON b.id = e.mailbox_id
    WHERE e.mailbox_id = o.mailbox_id OR b.special_use NOT IN ('trash', 'junk', 'drafts')
    GROUP BY 1, 2, 3
), person AS (
    SELECT c.mailbox_id, c.thread_id, m.from_address AS address, min(c.at) AS first_at,
           (array_agg(m.from_name ORDER BY c.at DESC))[1] AS name, bool_or(c.unseen) AS unseen, count(*) AS n
    FROM counted c JOIN message m ON m.id = c.message_id GROUP BY 1, 2, 3
), people AS (
    SELECT mailbox_id, thread_id, sum(n) AS total,
           jsonb_agg(jsonb_build_array(address, name, unseen) ORDER BY first_at) AS list
    FROM person GROUP BY 1, 2
)
INSERT INTO threadbox (account_id, mailbox_id, thread_id, latest_at, latest_message_id, total, unseen, starred,
                       attach, participants, subject, preview, attachments, labels)
SELECT o.account_id, o.mailbox_id, o.thread_id, o.latest_at, o.latest_id, p.total, o.unseen, o.starred, o.attach,
       p.list, m.subject, m.preview,
       (SELECT coalesce(jsonb_agg(a -> 0), '[]') FROM jsonb_array_elements(m.attachments)
        WITH ORDINALITY x(a, i) WHERE i <= 4),
       coalesce(l.ids, '{}')
FROM own o
JOIN people p USING (mailbox_id, thread_id)
LEFT JOIN label l USING (mailbox_id, thread_id)
JOIN message m ON m.id = o.latest_id
ORDER BY o.mailbox_id, o.thread_id
ON CONFLICT (mailbox_id, thread_id) DO UPDATE SET
    latest_at = excluded.latest_at, latest_message_id = excluded.latest_message_id, total = excluded.total,
    unseen = excluded.unseen, starred = excluded.starred, attach = excluded.attach,
    participants = excluded.participants, subject = excluded.subject, preview = excluded.preview,
    attachments = excluded.attachments, labels = excluded.labels
"""

PRUNE = """
DELETE FROM threadbox t WHERE t.thread_id = ANY($1::bigint[]) AND NOT EXISTS (
    SELECT FROM mailboxmessage e WHERE e.thread_id = t.thread_id AND e.mailbox_id = t.mailbox_id)
"""


LINE = rows.Table(
    "threadbox",
    {
        "account_id": "int8",
        "mailbox_id": "int8",
        "thread_id": "int8",
        "latest_at": "timestamptz",
        "latest_message_id": "int8",
        "total": "int4",
        "unseen": "int4",
        "starred": "int4",
        "attach": "bool",
        "participants": "jsonb",
        "subject": "text",
        "preview": "text",
        "attachments": "jsonb",
        "labels": "int4[]",
    },
)
# Names of attachments on a line.
MOST_NAMES = 4


def refresh(exchange: Exchange, thread_ids: Collection[int], *, removed: bool = True) -> None:
    """Make the lines of these conversations, in every mailbox, agree with the entries.

    Comes last in the transaction: it locks the threads in id order, after the mailboxes. `removed`: entries were
    taken out, so lines may have to go.
    """
    if not thread_ids:
        return
    threads = array(sorted(thread_ids))
    exchange.add(LOCK, [threads])
    exchange.add(REFRESH, [threads])
    if removed:
        exchange.add(PRUNE, [threads])


def refresh_now(thread_ids: Collection[int], *, removed: bool = True) -> None:
    """`refresh` in an exchange of its own; part of the caller's transaction."""
    exchange = Exchange()
    refresh(exchange, thread_ids, removed=removed)
    exchange.send()


def begun(account_id: int, mailbox_id: int, entry: NewEntry, shown: Shown) -> tuple[object, ...]:
    """The values of `LINE` for a conversation that has this one message and no other: what `refresh` would find."""
    unseen, starred = not entry.flags & Flag.SEEN, bool(entry.flags & Flag.FLAGGED)
    place = (account_id, mailbox_id, entry.thread_id, entry.at, entry.message_id)
    people, names = [[shown.address, shown.name, unseen]], list(shown.attachments[:MOST_NAMES])
    labels = sorted(set(entry.keywords or ()))
    return (
        *place, 1, int(unseen), int(starred), shown.attach, people, shown.subject, shown.preview, names, labels
    )  # fmt: skip
