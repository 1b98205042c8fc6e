"""The path of a message: six steps, per recipient, from the events and attempts kept about it."""

from __future__ import annotations

from functools import partial

from mailserver.services import external, messages, path_arrival, path_outcome, path_steps, path_trail, path_words
from mailserver.services.path import Path, Way
from mailserver.services.path_trail import Trail
from mailserver.store.models import Event, Message, QueueEntry

NO_WAY = "This message did not travel."
IMPORTED = "This message was brought here from another server."
NO_WAY_LEAD = "It was put into the folder by you or a program of yours, or it is so old that its details were removed."


def path_of(account_id: int, message_id: int) -> Path:
    """The path of one of the account's messages, sent or received. Raises NotFound.

    It never tells on a reader: it ends where the other server took over, in the mailbox when that is ours, and is
    read only when a receipt says so.
    """
    message = messages.get(account_id, message_id)
    entry = _entry(message)
    if entry:
        return _out(message.pk, message.subject, [_way(trail) for trail in path_trail.of_entry(entry, message)])
    stored = Event.objects.filter(kind=Event.Kind.STORED, account_id=account_id, message=message).order_by("at").first()
    if stored:
        way = path_arrival.way_in(message, stored)
        return Path(message.pk, message.subject, False, way.headline, way.lead, (way,))
    folder = external.origin(message.pk)
    if folder is not None:
        lead = f"It lay in {folder} of {folder.external}. How it came there we did not see."
        return Path(message.pk, message.subject, False, IMPORTED, lead)
    return Path(message.pk, message.subject, False, NO_WAY, NO_WAY_LEAD)


def path_of_entry(entry_id: int) -> Path:
    """The path of a queue entry, for administrators. Raises QueueEntry.DoesNotExist."""
    entry = QueueEntry.objects.select_related("account", "sent_copy").get(pk=entry_id)
    ways = [_way(trail) for trail in path_trail.of_entry(entry, entry.sent_copy)]
    return _out(entry.sent_copy_id or 0, entry.subject, ways)


def _out(message_id: int, subject: str, ways: list[Way]) -> Path:
    headline, lead = path_words.overall(ways)
    return Path(message_id, subject, True, headline, lead, tuple(ways))


def _entry(message: Message) -> QueueEntry | None:
    """The entry a message left by: as the sent copy, or a copy that a mail program filed itself, by its Message-ID."""
    entries = QueueEntry.objects.select_related("account").filter(account_id=message.account_id)
    found = entries.filter(sent_copy=message).first()
    if found or not message.message_id or message.prefix:
        return found
    return entries.filter(sent_copy=None, message_id=message.message_id).order_by("-created_at").first()


def _way(trail: Trail) -> Way:
    headline, lead = path_outcome.outcome(trail)
    return Way(
        recipient_id=trail.row.pk,
        address=trail.row.address,
        name=trail.person,
        state=trail.state,
        headline=headline,
        lead=lead,
        here=trail.here,
        there=trail.there,
        drawn=partial(path_steps.steps, trail),
        reply=trail.reply,
        next_attempt_at=trail.row.next_attempt_at if trail.state in ("deferred", "scheduled") else None,
    )
