"""A message about to be put into a mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """What the line of a conversation shows of a message; `attachments` are names."""

    address: str
    name: str
    subject: str
    preview: str
    attach: bool
    attachments: Sequence[str]


@dataclass(frozen=True, slots=True)
class NewEntry:
    """What `MailboxWriter.add` needs of a message; `size` in octets, `at` its internal date.

    `shown` when the conversation begins in this transaction, so that nothing else is known of it.
    """

    message_id: int
    thread_id: int
    at: datetime
    size: int
    flags: int = 0
    keywords: list[int] | None = None
    shown: Shown | None = None
