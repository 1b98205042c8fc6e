"""Messages that people and their programs bring into a folder, all of them or none.

What is to be known is asked in the packet that takes the lock of the folder; what is written goes with COMMIT in a
second one, however many messages there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from django.utils import timezone

from mailserver.errors import OverQuota
from mailserver.mail.message import parse
from mailserver.services import filing, flags, recipients
from mailserver.services.filing import Ahead, Filed, Filing
from mailserver.store import blobs
from mailserver.store.entrysets import Marks
from mailserver.store.exchange import Exchange
from mailserver.store.writer import MailboxWriter, writing_in


@dataclass(frozen=True, slots=True)
class Appended:
    """A message a mail program brings: octets, names of flags and keywords, and its internal date or None for now."""

    raw: bytes
    names: Sequence[str] = ()
    at: datetime | None = None


class Brought(NamedTuple):
    """The same with flags (bits) and keywords (Label ids)."""

    raw: bytes
    marks: Marks = Marks()
    at: datetime | None = None


class Bundle:
    """Messages for one folder of an account; read and hashed here, before it is locked."""

    def __init__(self, account_id: int, messages: Sequence[Brought]) -> None:
        self._account_id, self._messages = account_id, messages
        self._parsed = [parse(message.raw) for message in messages]
        self._blobs = blobs.describe([message.raw for message in messages])

    def ask(self, exchange: Exchange) -> None:
        """Ask what must be known, once the folder is held."""
        self._rooms = recipients.ask_rooms(exchange, [self._account_id])
        belongings = [filing.belonging(self._account_id, parsed) for parsed in self._parsed]
        self._ahead = Ahead(exchange, belongings, blobs=True)

    def put(self, writer: MailboxWriter, mailbox_id: int) -> list[Filed]:
        """Have them written with all else of the writer; where, in order. Raises OverQuota."""
        room = recipients.found_rooms(self._rooms, [self._account_id])[self._account_id]
        if sum(blob.size for blob in self._blobs) > room:
            raise OverQuota("There is no room left for this.")
        now = timezone.now()
        blobs.keep(writer.later, self._blobs, self._ahead.blobs)
        filings = [
            Filing(mailbox_id, blob, parsed, at or now, flags=marks.set, keywords=list(marks.put) or None)
            for (_, marks, at), blob, parsed in zip(self._messages, self._blobs, self._parsed, strict=True)
        ]
        return filing.note(writer, filings, self._ahead)


def put(account_id: int, mailbox_id: int, messages: Sequence[Brought]) -> list[Filed]:
    """Store messages in a folder of the account; where, in order. Raises NotFound, OverQuota."""
    bundle = Bundle(account_id, messages)
    with writing_in(account_id, mailbox_id, bundle.ask) as writer:
        return bundle.put(writer, mailbox_id)


def marked(account_id: int, appended: Iterable[Appended]) -> list[Brought]:
    """Keywords nobody used yet are made, in a transaction of their own. Raises InvalidName, TooManyKeywords."""
    return [Brought(one.raw, flags.marks(account_id, one.names), one.at) for one in appended]
