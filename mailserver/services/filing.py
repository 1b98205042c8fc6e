"""Putting parsed messages into mailboxes: the one way in for deliveries, sent copies, drafts and imports."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.message import Parsed
from mailserver.services import conversations, parsed_columns
from mailserver.services.conversations import Belonging, Place
from mailserver.store import rows
from mailserver.store.exchange import Exchange
from mailserver.store.models import Blob
from mailserver.store.newentry import NewEntry, Shown
from mailserver.store.writer import MailboxWriter

MESSAGE = rows.Table(
    "message",
    {
        "id": "int8",
        "account_id": "int8",
        "blob_id": "int8",
        "prefix": "bytea",
        "size": "int4",
        "surrogate_size": "int4",
        "at": "timestamptz",
        "thread_id": "int8",
        **parsed_columns.TYPES,
    },
)


@dataclass(frozen=True, slots=True)
class Filing:
    """A message to put into a mailbox.

    `blob` as `blobs.put` returned it, octets included; `parsed` describes it; `prefix` are the trace headers in front.
    """

    mailbox_id: int
    blob: Blob
    parsed: Parsed
    at: datetime
    prefix: bytes = b""
    flags: int = 0
    keywords: list[int] | None = None

    @property
    def size(self) -> int:
        """Octets of the whole message."""
        return len(self.prefix) + self.blob.size


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a message went."""

    message_id: int
    mailbox_id: int
    uid: int
    thread_id: int


class Ahead:
    """What is to be known before messages are filed, asked in an exchange of the caller's.

    Asks for `belongings`: at least those of the messages that come to be filed. With `blobs` there is a number for
    the octets of each, too.
    """

    def __init__(self, exchange: Exchange, belongings: Sequence[Belonging], *, blobs: bool = False) -> None:
        self._known = conversations.ask(exchange, belongings)
        # After that lock: the numbers of new conversations are above those that are known.
        tables = ["message", "thread", *(["blob"] if blobs else [])]
        self._numbers = rows.numbers(exchange, tables, len(belongings))

    @property
    def blobs(self) -> Iterator[int]:
        return (blob for _, _, blob in self._numbers.rows)

    def places(self, exchange: Exchange, belongings: Sequence[Belonging]) -> list[tuple[int, Place]]:
        """A message id and a conversation for each; at most as many as were asked for."""
        threads = conversations.assign(exchange, belongings, self._known, (row[1] for row in self._numbers.rows))
        return [(number, thread) for (number, *_), thread in zip(self._numbers.rows, threads, strict=False)]


def belonging(account_id: int, parsed: Parsed) -> Belonging:
    return Belonging(account_id, parsed.base_subject, parsed.message_id, parsed_columns.mentioned(parsed))


def file(writer: MailboxWriter, filings: Sequence[Filing]) -> list[Filed]:
    """Store the messages and their entries in mailboxes `writer` holds; the places, in order.

    The number of statements does not depend on the number of messages.
    """
    if not filings:
        return []
    exchange = Exchange()
    ahead = Ahead(exchange, [belonging(writer.boxes[each.mailbox_id].account_id, each.parsed) for each in filings])
    exchange.send()
    filed = note(writer, filings, ahead)
    writer.flush()
    return filed


def note(writer: MailboxWriter, filings: Sequence[Filing], ahead: Ahead) -> list[Filed]:
    """The same, but it is written with all else that the writer has to write."""
    accounts = [writer.boxes[filing.mailbox_id].account_id for filing in filings]
    belongings = [belonging(account_id, each.parsed) for account_id, each in zip(accounts, filings, strict=True)]
    places = ahead.places(writer.later, belongings)
    placed = [(*place, *each) for place, each in zip(places, zip(accounts, filings, strict=True), strict=True)]
    # Copies of one message differ in little.
    parsed = {id(each.parsed): each for each in filings}
    described = {one: tuple(parsed_columns.values(each.parsed, each.blob.raw).values()) for one, each in parsed.items()}
    rows.insert(
        writer.later,
        MESSAGE,
        (
            (*_row(number, account_id, place.thread_id, filing), *described[id(filing.parsed)])
            for number, place, account_id, filing in placed
        ),
    )
    uids = writer.add_all([(filing.mailbox_id, _entry(number, place, filing)) for number, place, _, filing in placed])
    return [
        Filed(number, filing.mailbox_id, uid, place.thread_id)
        for (number, place, _, filing), uid in zip(placed, uids, strict=True)
    ]


def _entry(message_id: int, place: Place, filing: Filing) -> NewEntry:
    # Which keywords a line shows is for `summary.refresh` to know.
    shown = _shown(filing.parsed) if place.new and not filing.keywords else None
    return NewEntry(message_id, place.thread_id, filing.at, filing.size, filing.flags, filing.keywords, shown)


def _shown(parsed: Parsed) -> Shown:
    sender = parsed.sender or HeaderAddress("", "")
    names = [item[0] for item in parsed.attachments]
    return Shown(sender.address, sender.name, parsed.subject, parsed.preview, parsed.has_attachments, names)


def _row(message_id: int, account_id: int, thread_id: int, filing: Filing) -> tuple[object, ...]:
    """The values of `MESSAGE` but those of `parsed_columns`."""
    return (
        message_id,
        account_id,
        filing.blob.pk,
        filing.prefix,
        filing.size,
        parsed_columns.surrogate_size(filing.parsed, filing.prefix, filing.blob.size),
        filing.at,
        thread_id,
    )
