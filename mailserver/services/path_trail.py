"""The rows behind the path of a sent message, read with few queries and joined per recipient."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from mailserver.mail import explain
from mailserver.mail.addresslists import parse_list
from mailserver.mail.headers import Headers
from mailserver.services.path import WayState
from mailserver.services.path_words import called
from mailserver.store import blobs
from mailserver.store.models import DeliveryAttempt, Event, Message, QueueEntry, QueueRecipient

State = QueueRecipient.State

# How our own MX (and the local delivery) names what it filed; the same id stands in the event of the filing.
STORED_AS = re.compile(r"\bStored as ([A-Z2-7]{10,16})\b")

HEADER_OCTETS = 64 * 1024

# Up to so many recipients the dialogues of all tries are read at once.
MANY = 20

# Mail due within this time is on its way as far as people are concerned.
AT_ONCE = timedelta(seconds=20)

_ENDED: dict[str, WayState] = {
    State.HELD: "held",
    State.CANCELLED: "cancelled",
    State.BOUNCED: "bounced",
    State.EXPIRED: "expired",
    State.DELIVERING: "talking",
    State.DEFERRED: "deferred",
}


@dataclass(frozen=True, slots=True)
class Trail:
    """Everything known about one recipient of one entry; events and attempts oldest first.

    `person` and `author` are names or ""; `names` gives those of all recipients by lower-case address.
    """

    entry: QueueEntry
    row: QueueRecipient
    person: str
    author: str
    names: Mapping[str, str]
    attempts: tuple[DeliveryAttempt, ...]
    events: tuple[Event, ...]
    stored: Event | None
    now: datetime

    @property
    def called(self) -> str:
        return called(self.person, self.row.address)

    @property
    def here(self) -> str:
        return self.entry.sender.rpartition("@")[2] or "this server"

    @property
    def there(self) -> str:
        return self.row.domain

    @property
    def last(self) -> DeliveryAttempt | None:
        """The latest try that had a result for this recipient."""
        return next((attempt for attempt in reversed(self.attempts) if attempt.results.all()), None)

    @property
    def nearby(self) -> bool:
        """Whether it was filed on this server without a connection."""
        return self.row.state == State.DELIVERED and not self.row.remote_host

    @property
    def reply(self) -> str:
        """The last reply as it was said, or our own words when no server said them."""
        row = self.row
        if row.reply_code is None:
            return row.reply_text
        return " ".join(filter(None, (str(row.reply_code), row.reply_enhanced, row.reply_text)))

    def event(self, kind: Event.Kind) -> Event | None:
        """The latest event of this kind."""
        return next((event for event in reversed(self.events) if event.kind == kind), None)

    @property
    def returned(self) -> Event | None:
        """The report of another server that took the message and could not deliver it after all."""
        event = self.event(Event.Kind.BOUNCED)
        return event if event and event.detail.get("by") else None

    @property
    def reported(self) -> Event | None:
        """What the server that took it reports of it, short of a failure: that it arrived, else its latest word.

        Of a message that was read a delay is no news.
        """
        found = [event for event in self.events if event.kind == Event.Kind.REPORTED]
        arrived = [event for event in found if event.detail.get("action") in ("delivered", "expanded")]
        return next(reversed(arrived or ([] if self.event(Event.Kind.READ) else found)), None)

    @property
    def why_returned(self) -> str:
        """What the report says, as a sentence."""
        detail = self.returned.detail if self.returned else {}
        said = str(detail.get("text", ""))
        if said[:1].isdigit():
            return explain.reply(said, self.row.address).reason
        return explain.explain(0, str(detail.get("enhanced", "")), said, self.row.address, final=True).reason

    @property
    def state(self) -> WayState:
        if self.event(Event.Kind.READ):
            return "read"
        if self.returned:
            return "returned"
        if self.row.state == State.DELIVERED:
            return "mailbox" if self.stored else "handed"
        if self.row.state == State.QUEUED:
            waits = not self.row.attempts and self.row.next_attempt_at > self.now + AT_ONCE
            return "scheduled" if waits else "leaving"
        return _ENDED[self.row.state]


def of_entry(entry: QueueEntry, message: Message | None = None) -> list[Trail]:
    """A trail for each recipient. `message`, the sender's own copy, knows the recipients' names."""
    rows = list(entry.recipients.order_by("id"))
    attempts = _attempts(entry, rows)
    events = _events(entry)
    stored = _stored(rows)
    names = _names(message) if message else _names_in_header(entry)
    return [
        Trail(
            entry=entry,
            row=row,
            person=names.get(row.address.casefold(), ""),
            author=entry.account.name if entry.account else "",
            names=names,
            attempts=tuple(_concerning(row, attempts)),
            events=tuple(sorted((*events[""], *events[row.address]), key=lambda event: (event.at, event.pk))),
            stored=stored.get(row.pk),
            now=timezone.now(),
        )
        for row in rows
    ]


def _attempts(entry: QueueEntry, rows: Sequence[QueueRecipient]) -> list[tuple[DeliveryAttempt, set[int]]]:
    """Each with the recipients it had a result for. Of many only the dialogues that are shown are read."""
    found = entry.attempts.prefetch_related("results").order_by("started_at", "id")
    if len(rows) > MANY:
        found = found.defer("transcript")
    return [(attempt, {result.recipient_id for result in attempt.results.all()}) for attempt in found]


def _events(entry: QueueEntry) -> Mapping[str, list[Event]]:
    """By recipient; those of the whole message under ""."""
    found: dict[str, list[Event]] = defaultdict(list)
    for event in Event.objects.filter(entry=entry):
        found[event.recipient].append(event)
    return found


def _concerning(row: QueueRecipient, attempts: Iterable[tuple[DeliveryAttempt, set[int]]]) -> Iterable[DeliveryAttempt]:
    """Tries with a result for the recipient, and those of its domain that were cut off without any."""
    for attempt, concerned in attempts:
        if row.pk in concerned or (not concerned and attempt.domain == row.domain):
            yield attempt


def _stored(rows: Iterable[QueueRecipient]) -> dict[int, Event]:
    """The filing of each delivered recipient, where it happened on this server.

    Both the id the server named and the recipient must agree: a stranger's server may say any words.
    """
    found = {row.pk: match[1] for row in rows if (match := STORED_AS.search(row.reply_text))}
    known = Event.objects.filter(kind=Event.Kind.STORED, reference__in=set(found.values()))
    by_place = {(event.reference, event.recipient.casefold()): event for event in known}
    places = {row.pk: (found[row.pk], row.address.casefold()) for row in rows if row.pk in found}
    return {pk: by_place[place] for pk, place in places.items() if place in by_place}


def _names(message: Message) -> Mapping[str, str]:
    """Lower-case address → display name, from the fields of the message."""
    fields: Mapping[str, list[list[str]]] = message.recipients
    pairs = [pair for kind in ("to", "cc", "bcc") for pair in fields.get(kind, [])]
    return {address.casefold(): name for name, address in pairs if name}


def _names_in_header(entry: QueueEntry) -> Mapping[str, str]:
    """The same of an entry whose sender keeps no copy here."""
    headers = Headers(blobs.read_slice(entry.blob_id, 0, HEADER_OCTETS))
    people = [person for name in ("to", "cc") for person in parse_list(headers.undecoded(name))]
    return {person.address.casefold(): person.name for person in people if person.name}
