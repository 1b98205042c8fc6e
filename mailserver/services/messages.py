"""What can be done with messages in folders; IMAP, POP3 and the page all come here.

Ids of another account's rows answer NotFound, exactly like ids that do not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from mailserver.errors import NotFound, OverQuota
from mailserver.mail import encodings, structure
from mailserver.mail.message import parse
from mailserver.mail.numbersets import Runs, runs_of
from mailserver.services import flags, mailboxes, spamlessons
from mailserver.services.filing import Filed, Filing, file
from mailserver.services.recipients import room
from mailserver.store import blobs, entrysets
from mailserver.store.entrysets import Marks, Uids
from mailserver.store.models import Label, Mailbox, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import MailboxWriter, writing

_GAP = 4 * 1024  # octets between two parts that are read along rather than asked for separately
_ENCODED = 3  # octets of quoted-printable for one


@dataclass(frozen=True, slots=True)
class Moved:
    """A message after a move or copy: its UID before and the UID in the target."""

    message_id: int
    source_uid: int
    uid: int


@dataclass(frozen=True, slots=True)
class Expunged:
    """The UIDs that went, and the modseq of the mailbox after it."""

    runs: Runs
    modseq: int


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


def set_flags(*, account_id: int, mailbox_id: int, uids: Uids, add: int = 0, remove: int = 0) -> list[int]:
    """Set and clear flag bits (`Flag`); the UIDs that changed. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    with writing([mailbox_id]) as writer:
        return writer.set_flags(mailbox_id, uids, add=add, remove=remove)


def set_label(*, account_id: int, mailbox_id: int, uids: Uids, label_id: int, on: bool) -> list[int]:
    """Put a label on messages or take it off; the UIDs that changed. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    if not Label.objects.filter(account_id=account_id, pk=label_id).exists():
        raise NotFound("There is no such label.")
    marks = Marks(put=(label_id,)) if on else Marks(take=(label_id,))
    with writing([mailbox_id]) as writer:
        return [entry.uid for entry in writer.mark(mailbox_id, uids, marks)]


def move(*, account_id: int, mailbox_id: int, uids: Uids, target_id: int) -> list[Moved]:
    """Move messages to another folder of the account; UIDs that are gone are passed over. Raises NotFound."""
    if mailbox_id == target_id:
        mailboxes.get(account_id, mailbox_id)
        return []
    return _transfer(account_id, mailbox_id, entrysets.runs(uids), target_id, keep=False)


def copy(*, account_id: int, mailbox_id: int, uids: Uids, target_id: int) -> list[Moved]:
    """Copy messages to a folder of the account, which may be the same. Raises NotFound, OverQuota."""
    return _transfer(account_id, mailbox_id, entrysets.runs(uids), target_id, keep=True)


def _transfer(account_id: int, mailbox_id: int, runs: Runs, target_id: int, *, keep: bool) -> list[Moved]:
    mailboxes.get(account_id, mailbox_id)
    mailboxes.get(account_id, target_id)
    with writing([mailbox_id, target_id]) as writer:
        copied = writer.copy(mailbox_id, runs, target_id)
        if not keep:
            writer.remove(mailbox_id, runs)
        elif sum(held.size for held, _ in copied) > room(account_id):
            raise OverQuota("There is no room left for these copies.")
        spamlessons.note(writer.boxes[mailbox_id], writer.boxes[target_id], (held.message_id for held, _ in copied))
        return [Moved(held.message_id, held.uid, uid) for held, uid in copied]


def expunge(*, account_id: int, mailbox_id: int, uids: Uids) -> list[int]:
    """Delete entries for good; the UIDs that were there. The octets go when nothing refers to them. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    with writing([mailbox_id]) as writer:
        return [held.uid for held in writer.remove(mailbox_id, uids)]


def expunge_deleted(account_id: int, mailbox_id: int, uids: Uids | None = None) -> Expunged:
    """Delete the entries flagged \\Deleted for good, all or those among `uids`. Raises NotFound."""
    mailboxes.get(account_id, mailbox_id)
    with writing([mailbox_id]) as writer:
        gone = writer.remove(mailbox_id, entrysets.ALL if uids is None else uids, only=Flag.DELETED)
        return Expunged(runs_of(held.uid for held in gone), writer.boxes[mailbox_id].highestmodseq)


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


@dataclass(frozen=True, slots=True)
class Appended:
    """A message that a mail program brings; `flags` by name, `at` its internal date (now without)."""

    raw: bytes
    flags: tuple[str, ...] = ()
    at: datetime | None = None


def append_all(account_id: int, mailbox_id: int, batch: Sequence[Appended]) -> list[int]:
    """Store messages, all or none; their UIDs in order. Raises NotFound, OverQuota, InvalidName, TooManyKeywords."""
    mailboxes.get(account_id, mailbox_id)
    ready = _Brought(account_id, mailbox_id, batch)
    with writing([mailbox_id]) as writer:
        return ready.put(writer)


def replace(account_id: int, mailbox_id: int, uid: int, *, target_id: int, new: Appended) -> int:
    """Store a message and delete another one for good, in one step (RFC 8508); the UID of the new one.

    Raises as `append_all`, and NotFound when the old message is gone.
    """
    mailboxes.get(account_id, mailbox_id)
    mailboxes.get(account_id, target_id)
    ready = _Brought(account_id, target_id, [new])
    with writing([mailbox_id, target_id]) as writer:
        if not writer.remove(mailbox_id, [uid]):
            raise NotFound("There is no such message.")
        return ready.put(writer)[0]


class _Brought:
    """Messages read and hashed before the lock of their folder. Raises OverQuota, InvalidName, TooManyKeywords."""

    def __init__(self, account_id: int, mailbox_id: int, batch: Sequence[Appended]) -> None:
        if sum(len(one.raw) for one in batch) > room(account_id):
            raise OverQuota("There is no room left for this message.")
        self._mailbox_id, self._batch = mailbox_id, batch
        self._parsed = [parse(one.raw) for one in batch]
        self._blobs = blobs.describe([one.raw for one in batch])
        self._flags = [flags.resolve(account_id, one.flags, make=True) for one in batch]

    def put(self, writer: MailboxWriter) -> list[int]:
        blobs.keep(self._blobs)
        filings = [
            Filing(
                mailbox_id=self._mailbox_id,
                blob=blob,
                parsed=parsed,
                at=one.at or timezone.now(),
                flags=bits,
                keywords=list(keywords) or None,
            )
            for one, parsed, blob, (bits, keywords) in zip(
                self._batch, self._parsed, self._blobs, self._flags, strict=True
            )
        ]
        return [filed.uid for filed in file(writer, filings)]


def locate(account_id: int, message_id: int) -> list[tuple[Mailbox, MailboxMessage]]:
    """Every folder that holds the message, with its entry."""
    rows = MailboxMessage.objects.filter(message_id=message_id, account_id=account_id).select_related("mailbox")
    return [(row.mailbox, row) for row in rows]
