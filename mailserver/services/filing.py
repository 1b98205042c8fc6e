"""Putting parsed messages into mailboxes: the one way in for deliveries, sent copies, drafts and imports."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.message import PARSER_VERSION, Parsed
from mailserver.mail.structure import to_json
from mailserver.services import conversations
from mailserver.store.models import Blob, Message
from mailserver.store.writer import MailboxWriter, NewEntry


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


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a message went."""

    message_id: int
    mailbox_id: int
    uid: int
    thread_id: int


def file(writer: MailboxWriter, filings: Sequence[Filing]) -> list[Filed]:
    """Store the messages and their entries in mailboxes `writer` holds; the places, in order."""
    accounts = [writer.boxes[filing.mailbox_id].account_id for filing in filings]
    threads = conversations.assign(
        [
            conversations.Belonging(
                account_id, filing.parsed.base_subject, filing.parsed.message_id, _mentioned(filing.parsed)
            )
            for account_id, filing in zip(accounts, filings, strict=True)
        ]
    )
    messages = Message.objects.bulk_create(
        _row(account_id, thread_id, filing)
        for account_id, thread_id, filing in zip(accounts, threads, filings, strict=True)
    )
    by_mailbox: dict[int, list[int]] = defaultdict(list)
    for index, filing in enumerate(filings):
        by_mailbox[filing.mailbox_id].append(index)
    filed: dict[int, Filed] = {}
    for mailbox_id, indexes in by_mailbox.items():
        uids = writer.add(mailbox_id, [_entry(filings[index], messages[index]) for index in indexes])
        for index, uid in zip(indexes, uids, strict=True):
            filed[index] = Filed(messages[index].pk, mailbox_id, uid, threads[index])
    return [filed[index] for index in range(len(filings))]


def _mentioned(parsed: Parsed) -> list[str]:
    return [*parsed.references, *([parsed.in_reply_to] if parsed.in_reply_to else [])]


def _entry(filing: Filing, message: Message) -> NewEntry:
    return NewEntry(message.pk, message.thread_id, filing.at, message.size, filing.flags, filing.keywords)


def _row(account_id: int, thread_id: int, filing: Filing) -> Message:
    parsed = filing.parsed
    return Message(
        account_id=account_id,
        blob_id=filing.blob.pk,
        prefix=filing.prefix,
        size=len(filing.prefix) + filing.blob.size,
        at=filing.at,
        sent_at=parsed.date,
        subject=parsed.subject,
        from_name=parsed.sender.name if parsed.sender else "",
        from_address=parsed.sender.address if parsed.sender else "",
        recipients={
            "to": _pairs(parsed.to),
            "cc": _pairs(parsed.cc),
            "bcc": _pairs(parsed.bcc),
            "reply_to": _pairs(parsed.reply_to),
        },
        message_id=parsed.message_id,
        references=_mentioned(parsed),
        thread_id=thread_id,
        preview=parsed.preview,
        has_attachments=parsed.has_attachments,
        attachments=[list(item) for item in parsed.attachments],
        parts=to_json(parsed.root),
        header_block=bytes(filing.blob.raw[: parsed.header_length]),
        header=parsed.search_header,
        header_cut=parsed.header_cut,
        parser_version=PARSER_VERSION,
    )


def _pairs(people: Sequence[HeaderAddress]) -> list[list[str]]:
    return [[person.name, person.address] for person in people]
