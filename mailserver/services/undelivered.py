"""Who did not get a message of one's own: refused or given up here, or returned by the server that had taken it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from mailserver.mail import explain
from mailserver.services import trips
from mailserver.store.models import Event, Message

# A page hears of a change and asks at once; one whose bell was lost asks after a minute.
RECENT = timedelta(minutes=2)

QUERY = (
    trips.OWN  # noqa: S608 - constants of these files
    + """
SELECT own.message_id, r.address, r.reply_code, r.reply_enhanced, r.reply_text, v.detail
FROM own JOIN queueentry e ON e.id = own.id JOIN queuerecipient r ON r.entry_id = own.id
LEFT JOIN LATERAL (
    SELECT detail FROM event v WHERE v.entry_id = own.id AND v.kind = 'bounced' AND v.recipient = r.address
    AND v.detail ? 'by' ORDER BY v.id DESC LIMIT 1
) v ON true
WHERE e.account_id = %(account)s AND (r.state IN ('bounced', 'expired') OR v.detail IS NOT NULL)
ORDER BY r.id
"""
)

# One message of each conversation is asked about: the newest of its line in Sent.
THREADS = """
SELECT DISTINCT m.thread_id FROM message m JOIN queueentry e ON e.sent_copy_id = m.id
JOIN queuerecipient r ON r.entry_id = e.id
WHERE m.account_id = %(account)s AND m.id = ANY(%(ids)s) AND (r.state IN ('bounced', 'expired') OR EXISTS (
    SELECT FROM event v WHERE v.entry_id = e.id AND v.kind = 'bounced' AND v.recipient = r.address AND v.detail ? 'by'))
"""


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """`reason` and `advice` are sentences; `by` is the server that returned it after taking it, "" when none did."""

    address: str
    reason: str
    advice: str
    by: str = ""


def of_messages(account_id: int, message_ids: Collection[int]) -> dict[int, list[NotDelivered]]:
    """By message of the account; those that everybody got, or may still get, are left out."""
    if not message_ids:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(QUERY, {"ids": list(message_ids), "account": account_id})
        rows = cursor.fetchall()
    found: dict[int, list[NotDelivered]] = defaultdict(list)
    for message_id, address, code, enhanced, text, detail in rows:
        found[message_id].append(_told(address, code, enhanced, text, _values(detail)))
    return dict(found)


def among(account_id: int, message_ids: Collection[int]) -> set[int]:
    """The conversations of those of these messages that somebody did not get."""
    if not message_ids:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(THREADS, {"ids": list(message_ids), "account": account_id})
        return {thread_id for (thread_id,) in cursor.fetchall()}


def lately(account_id: int) -> set[int]:
    """The conversations of messages that turned out undelivered a moment ago: open pages draw them again."""
    events = Event.objects.filter(at__gt=timezone.now() - RECENT, kind=Event.Kind.BOUNCED, account_id=account_id)
    messages = Message.objects.filter(account_id=account_id, pk__in=events.values("message_id"))
    return set(messages.values_list("thread_id", flat=True))


def _told(address: str, code: int | None, enhanced: str, text: str, detail: Mapping[str, Any]) -> NotDelivered:
    if detail:
        said = str(detail.get("text", ""))
        found = explain.explain(0, str(detail.get("enhanced", "")), said, address, final=True)
        found = explain.reply(said, address) if said[:1].isdigit() else found
        return NotDelivered(address, found.reason, found.advice, str(detail["by"]))
    found = explain.explain(code, enhanced, text, address, final=True)
    return NotDelivered(address, found.reason, found.advice)


def _values(detail: object) -> Mapping[str, Any]:
    """A raw cursor gives JSON as text or as values."""
    if isinstance(detail, str):
        loaded = json.loads(detail)
        return loaded if isinstance(loaded, dict) else {}
    return detail if isinstance(detail, dict) else {}
