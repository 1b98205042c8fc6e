"""What can be done with messages in folders; IMAP, POP3 and the page all come here.

Ids of another account's rows answer NotFound, exactly like ids that do not exist.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from mailserver.errors import NotFound, OverQuota
from mailserver.mail import encodings, structure
from mailserver.mail.numbersets import Runs, runs_of
from mailserver.services import appending, flags, mailboxes, spamlessons
from mailserver.services.appending import Appended, Brought, Bundle
from mailserver.services.filing import Filed
from mailserver.services.recipients import room
from mailserver.store import blobs, entrysets, marking
from mailserver.store.entrysets import Marks, Uids
from mailserver.store.models import Label, Mailbox, MailboxMessage, Message
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import writing

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


def contents(message: Message, parts: Sequence[structure.Part], *, limit: int, raw: bytes | None = None) -> list[bytes]:
    """The decoded contents of parts in their order, at most `limit` octets in all; the last ones may be cut or empty.

    Parts that lie beside each other are read together: a message may have a thousand. `raw`: the octets of the whole
    message where they are at hand. Raises NotFound.
    """
    found: list[bytes] = []
    left = limit
    for group in _neighbours(parts):
        start, length = group[0].body_start, group[-1].body_end - group[0].body_start
        enough = _ENCODED * left + _GAP * len(group)
        length = min(length, enough) if left else 0
        if raw is not None:
            octets = raw[start : start + length]
        else:
            octets = blobs.read_slice(message.blob_id, start, length) if left else b""
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
    return marking.mark(account_id, mailbox_id, uids, Marks(set=add, clear=remove), labels=False).uids


def set_label(*, account_id: int, mailbox_id: int, uids: Uids, label_id: int, on: bool) -> list[int]:
    """Put a label on messages or take it off; the UIDs that changed. Raises NotFound."""
    if not Label.objects.filter(account_id=account_id, pk=label_id).exists():
        raise NotFound("There is no such label.")
    marks = Marks(put=(label_id,)) if on else Marks(take=(label_id,))
    return marking.mark(account_id, mailbox_id, uids, marks, labels=True).uids


def move(*, account_id: int, mailbox_id: int, uids: Uids, target_id: int, anew: bool = False) -> list[Moved]:
    """Move messages to another folder of the account; UIDs that are gone are passed over.

    `anew`: within their own folder they get new UIDs, where else nothing is done. Raises NotFound.
    """
    if mailbox_id == target_id and not anew:
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
            writer.remove(mailbox_id, runs_of(held.uid for held, _ in copied))
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
    """Store a message (drafts, sent copies, imports). Raises NotFound, OverQuota."""
    return appending.put(account_id, mailbox_id, [Brought(raw, Marks(set=flags), at)])[0]


def append_all(account_id: int, mailbox_id: int, appended: Sequence[Appended]) -> list[Filed]:
    """Store the messages a mail program brings, all of them or none (RFC 3502); where, in order.

    Raises NotFound, OverQuota, InvalidName, TooManyKeywords.
    """
    if not all(flags.all_known(one.names) for one in appended):
        mailboxes.get(account_id, mailbox_id)
    return appending.put(account_id, mailbox_id, appending.marked(account_id, appended))


def replace(account_id: int, mailbox_id: int, uid: int, *, target_id: int, new: Appended) -> Filed:
    """Store a message and delete another one for good, in one step (RFC 8508); where the new one is.

    Raises as `append_all`, and NotFound when the old message is gone.
    """
    mailboxes.get(account_id, mailbox_id)
    mailboxes.get(account_id, target_id)
    bundle = Bundle(account_id, appending.marked(account_id, [new]))
    with writing([mailbox_id, target_id], bundle.ask) as writer:
        if not writer.remove(mailbox_id, [uid]):
            raise NotFound("There is no such message.")
        return bundle.put(writer, target_id)[0]


def locate(account_id: int, message_id: int) -> list[tuple[Mailbox, MailboxMessage]]:
    """Every folder that holds the message, with its entry."""
    rows = MailboxMessage.objects.filter(message_id=message_id, account_id=account_id).select_related("mailbox")
    return [(row.mailbox, row) for row in rows]
