"""Putting parsed messages into mailboxes: the one way in for deliveries, sent copies, drafts and imports."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailserver.mail.message import Parsed
from mailserver.services import conversations, parsed_columns
from mailserver.store import rows
from mailserver.store.models import Blob
from mailserver.store.writer import MailboxWriter, NewEntry

MESSAGE = rows.Table(
    "message",
    {
        "id": "int8",
        "account_id": "int8",
        "blob_id": "int8",
        "prefix": "bytea",
        "size": "int4",
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


def file(writer: MailboxWriter, filings: Sequence[Filing]) -> list[Filed]:
    """Store the messages and their entries in mailboxes `writer` holds; the places, in order.

    The number of statements does not depend on the number of messages.
    """
    if not filings:
        return []
    accounts = [writer.boxes[filing.mailbox_id].account_id for filing in filings]
    threads = conversations.assign(
        [
            conversations.Belonging(
                account_id,
                filing.parsed.base_subject,
                filing.parsed.message_id,
                parsed_columns.mentioned(filing.parsed),
            )
            for account_id, filing in zip(accounts, filings, strict=True)
        ]
    )
    ids = rows.numbers("message", len(filings))
    placed = list(zip(ids, accounts, threads, filings, strict=True))
    rows.copy(MESSAGE, (_row(*place) for place in placed))
    uids = writer.add_all([(filing.mailbox_id, _entry(number, thread, filing)) for number, _, thread, filing in placed])
    return [
        Filed(number, filing.mailbox_id, uid, thread)
        for (number, _, thread, filing), uid in zip(placed, uids, strict=True)
    ]


def _entry(message_id: int, thread_id: int, filing: Filing) -> NewEntry:
    return NewEntry(message_id, thread_id, filing.at, filing.size, filing.flags, filing.keywords)


def _row(message_id: int, account_id: int, thread_id: int, filing: Filing) -> tuple[object, ...]:
    """The values of `MESSAGE`."""
    return (
        message_id,
        account_id,
        filing.blob.pk,
        filing.prefix,
        filing.size,
        filing.at,
        thread_id,
        *parsed_columns.values(filing.parsed, filing.blob.raw).values(),
    )
