"""The six dots beside a message of one's own: how far it has come, for many messages in one query."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.db import connection

# Which entry a sent copy belongs to: the one that names it, or, for copies filed by a mail program, the one with
# its Message-ID from the same day (there is no index on Message-IDs, but one on the time). The filing on our own side
# is joined by the id in the reply and the recipient.
OWN = """
WITH own AS (
    SELECT e.id, e.sent_copy_id AS message_id FROM queueentry e WHERE e.sent_copy_id = ANY(%(ids)s)
    UNION ALL
    SELECT e.id, m.id FROM message m JOIN queueentry e
        ON e.account_id = m.account_id AND e.message_id = m.message_id AND e.sent_copy_id IS NULL
        AND e.created_at BETWEEN m.at - interval '1 day' AND m.at + interval '1 day'
    WHERE m.id = ANY(%(ids)s) AND m.account_id = %(account)s AND m.message_id <> '' AND m.prefix = ''
)
"""
QUERY = (
    OWN  # noqa: S608 - constants of this file
    + """
SELECT own.message_id, r.state, r.attempts,
    EXISTS (SELECT FROM event v WHERE v.entry_id = own.id AND v.kind = 'read' AND v.recipient = r.address),
    EXISTS (SELECT FROM event v WHERE v.entry_id = own.id AND v.kind = 'bounced' AND v.recipient = r.address
            AND v.detail ? 'by'),
    EXISTS (SELECT FROM event v WHERE v.kind = 'stored' AND v.reference <> '' AND v.recipient = r.address
            AND v.reference = substring(r.reply_text from '\\mStored as ([A-Z2-7]{10,16})\\M'))
FROM own JOIN queueentry e ON e.id = own.id JOIN queuerecipient r ON r.entry_id = own.id
WHERE e.account_id = %(account)s
"""
)

_LABELS = {
    "read": (6, "Read"),
    "mailbox": (5, "In the mailbox, not known to be read"),
    "handed": (5, "Handed over"),
    "leaving": (3, "About to leave"),
    "waiting": (3, "Waiting to try again"),
    "held": (3, "Held"),
    "cancelled": (3, "Stopped"),
    "failed": (4, "Couldn’t be delivered"),
    "returned": (5, "Returned"),
}
# With several recipients the one who needs attention decides.
_WORST = ("failed", "returned", "held", "waiting", "leaving", "cancelled", "handed", "mailbox", "read")


@dataclass(frozen=True, slots=True)
class Trip:
    """`reached` of six dots are full; `state` colours the last of them; `label` is for people and screen readers."""

    reached: int
    state: Literal["done", "slow", "halt"]
    label: str


def state_of(account_id: int, message_ids: Sequence[int]) -> dict[int, Trip]:
    """How far each of these messages of the account has come; messages that were never sent are left out."""
    if not message_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(QUERY, {"ids": list(message_ids), "account": account_id})
        rows = cursor.fetchall()
    states: dict[int, list[str]] = defaultdict(list)
    for message_id, state, attempts, read, returned, stored in rows:
        states[message_id].append(_state(state, attempts, read, returned, stored))
    return {message_id: _trip(found) for message_id, found in states.items()}


def _state(state: str, attempts: int, read: bool, returned: bool, stored: bool) -> str:
    if read:
        return "read"
    if returned:
        return "returned"
    if state == "delivered":
        return "mailbox" if stored else "handed"
    if state in ("bounced", "expired"):
        return "failed"
    if state in ("held", "cancelled"):
        return state
    return "waiting" if attempts else "leaving"


def _trip(states: Sequence[str]) -> Trip:
    worst = min(states, key=_WORST.index)
    reached, label = _LABELS[worst]
    if len(states) > 1 and states.count(worst) < len(states):
        label = f"{label} ({states.count(worst)} of {len(states)})"
    failed = worst in ("failed", "returned")
    return Trip(reached, "halt" if failed else "slow" if worst in ("waiting", "held") else "done", label)
