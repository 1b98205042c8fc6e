"""What can be done with messages in folders; IMAP, POP3 and the page all come here.

Ids of another account's rows answer NotFound, exactly like ids that do not exist.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from mailserver.errors import NotFound, OverQuota
from mailserver.mail import encodings, structure
from mailserver.mail.message import parse
from mailserver.services import mailboxes, spamlessons
from mailserver.services.filing import Filed, Filing, file
from mailserver.services.recipients import room
from mailserver.store import blobs
from mailserver.store.models import Label, Mailbox, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag
from mailserver.store.newentry import NewEntry
from mailserver.store.writer import MailboxWriter, writing

_GAP = 4 * 1024  # octets between two parts that are read along rather than asked for separately
_ENCODED = 3  # octets of quoted-printable for one


@dataclass(frozen=True, slots=True)
class Moved:
    """A message after a move or copy: its UID before and the UID in the target."""

    message_id: int
    source_uid: int
    uid: int


def get(account_id: int, message_id: int) -> Message:
    """A message of this account. Raises NotFound."""
    message = Message.objects.filter(account_id=account_id, pk=message_id).first()
    if message is None:
        raise NotFound("There is no such message.")
    return message


def raw(message: Message) -> bytes:
    """The whole message as RFC 5322 octets: trace prefix and blob."""
    return bytes(message.prefix) + blobs.read(message.blob_id)


def part(message: Message, section: str) -> tuple[structure.Part, bytes]:
    """A section ("1.2") and its decoded content; only its octets are read. Raises NotFound."""
    found = structure.find(structure.from_json(message.parts), section)
    if found is None:
        raise NotFound("The message has no such part.")
    octets = blobs.read_slice(message.blob_id, found.body_start, found.body_end - found.body_start)
    return found, encodings.decode(octets, found.encoding)


def contents(message: Message, parts: Sequence[structure.Part], *, limit: int) -> list[bytes]:
    """The decoded contents of parts in their order, at most `limit` octets in all; the last ones may be cut or empty.

    Parts that lie beside each other are read together: a message may have a thousand. Raises NotFound.
    """
    found: list[bytes] = []
    left = limit
    for group in _neighbours(parts):
        start, length = group[0].body_start, group[-1].body_end - group[0].body_start
        enough = _ENCODED * left + _GAP * len(group)
        octets = blobs.read_slice(message.blob_id, start, min(length, enough)) if left else b""
        for part in group:
            decoded = encodings.decode(octets[part.body_start - start : part.body_end - start], part.encoding)[:left]
            left -= len(decoded)
            found.append(decoded)
    return found


def _neighbours(parts: Sequence[structure.Part]) -> list[list[structure.Part]]:
    groups: list[list[structure.Part]] = []
    for part in parts:
        if groups and 0 <= part.body_start - groups[-1][-1].body_end <= _GAP:
            groups[-1].append(part)
        else:
            groups.append([part])
    return groups


def set_flags(*, account_id: int, mailbox_id: int, uids: Iterable[int], add: int = 0, remove: int = 0) -> list[int]:
    """Set and clear flag bits (`Flag`); the UIDs that changed. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    with writing([mailbox_id]) as writer:
        return writer.set_flags(mailbox_id, uids, add=add, remove=remove)


def set_label(*, account_id: int, mailbox_id: int, uids: Iterable[int], label_id: int, on: bool) -> list[int]:
    """Put a label on messages or take it off; the UIDs that changed. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    if not Label.objects.filter(account_id=account_id, pk=label_id).exists():
        raise NotFound("There is no such label.")
    with writing([mailbox_id]) as writer:
        return writer.set_keywords(mailbox_id, uids, add=label_id if on else None, remove=None if on else label_id)


def move(*, account_id: int, mailbox_id: int, uids: Iterable[int], target_id: int) -> list[Moved]:
    """Move messages to another folder of the account; UIDs that are gone are passed over. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    mailboxes.get(account_id, target_id)
    if mailbox_id == target_id:
        return []
    with writing([mailbox_id, target_id]) as writer:
        rows = writer.remove(mailbox_id, uids)
        return _put(writer, target_id, rows)


def copy(*, account_id: int, mailbox_id: int, uids: Iterable[int], target_id: int) -> list[Moved]:
    """Copy messages to a folder of the account. Raises NotFound, OverQuota."""
    mailboxes.get(account_id, mailbox_id)
    mailboxes.get(account_id, target_id)
    with writing([mailbox_id, target_id]) as writer:
        rows = list(writer.entries(mailbox_id, uids).select_related("message").defer("message__parts"))
        if sum(row.message.size for row in rows) > room(account_id):
            raise OverQuota("There is no room left for these copies.")
        return _put(writer, target_id, rows)


def _put(writer: MailboxWriter, target_id: int, rows: Sequence[MailboxMessage]) -> list[Moved]:
    entries = [
        NewEntry(
            message_id=row.message_id,
            thread_id=row.thread_id,
            at=row.at,
            size=row.message.size,
            flags=row.flags & ~Flag.DELETED,
            keywords=row.keywords,
        )
        for row in rows
    ]
    uids = writer.add(target_id, entries) if entries else []
    for row in rows[:1]:
        source, target = writer.boxes[row.mailbox_id], writer.boxes[target_id]
        spamlessons.note(source, target, [row.message_id for row in rows])
    return [Moved(row.message_id, row.uid, uid) for row, uid in zip(rows, uids, strict=True)]


def expunge(*, account_id: int, mailbox_id: int, uids: Iterable[int]) -> list[int]:
    """Delete entries for good; the UIDs that were there. The octets go when nothing refers to them. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    with writing([mailbox_id]) as writer:
        return [row.uid for row in writer.remove(mailbox_id, uids)]


def append(*, account_id: int, mailbox_id: int, raw: bytes, flags: int = 0, at: datetime | None = None) -> Filed:
    """Store a message a client brings (IMAP APPEND, drafts, sent copies). Raises NotFound, OverQuota."""
    mailboxes.get(account_id, mailbox_id)
    if len(raw) > room(account_id):
        raise OverQuota("There is no room left for this message.")
    parsed = parse(raw)
    with writing([mailbox_id]) as writer:
        (blob,) = blobs.put([raw])
        filing = Filing(mailbox_id=mailbox_id, blob=blob, parsed=parsed, at=at or timezone.now(), flags=flags)
        return file(writer, [filing])[0]


def locate(account_id: int, message_id: int) -> list[tuple[Mailbox, MailboxMessage]]:
    """Every folder that holds the message, with its entry."""
    rows = MailboxMessage.objects.filter(message_id=message_id, account_id=account_id).select_related("mailbox")
    return [(row.mailbox, row) for row in rows]
