"""Six dots beside every message of one's own: how far it has come (services/path.py tells the whole way)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from mailserver.store.models import Event, QueueRecipient

State = QueueRecipient.State
STOPS = 6


@dataclass(frozen=True, slots=True)
class Trip:
    """`dots`: "" reached, "no" not reached or unknown, "wait", "stop" for each stop; `words` say it."""

    words: str
    dots: tuple[str, ...]


def _dots(reached: int, then: str = "no") -> tuple[str, ...]:
    return ("",) * reached + ((then,) + ("no",) * (STOPS - reached - 1) if reached < STOPS else ())


READ = Trip("Read", _dots(6))
DELIVERED = Trip("Delivered", _dots(5))
WAITING = Trip("Waiting to be tried again", _dots(3, "wait"))
UNDER_WAY = Trip("Under way", _dots(3))
RETURNED = Trip("Returned", _dots(3, "stop"))


def trips(message_ids: Collection[int]) -> dict[int, Trip]:
    """The trip of each message that went through the queue; two queries."""
    states: dict[int, list[str]] = defaultdict(list)
    rows = QueueRecipient.objects.filter(entry__sent_copy__in=message_ids).values_list("entry__sent_copy", "state")
    for message_id, state in rows:
        states[message_id].append(state)
    if not states:
        return {}
    receipts = Event.objects.filter(kind=Event.Kind.READ, entry__sent_copy__in=states)
    read = set(receipts.values_list("entry__sent_copy", flat=True))
    return {number: READ if number in read else _trip(found) for number, found in states.items()}


def _trip(states: Iterable[str]) -> Trip:
    """The recipient who fares worst speaks for all."""
    found = set(states)
    if found & {State.BOUNCED, State.EXPIRED, State.CANCELLED}:
        return RETURNED
    if found & {State.DEFERRED, State.HELD}:
        return WAITING
    return DELIVERED if found == {State.DELIVERED} else UNDER_WAY
