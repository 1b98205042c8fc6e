"""A maildrop (RFC 1939): the Inbox as one POP3 session sees it, which that session has for itself.

Only other POP3 sessions are kept out: deliveries, IMAP and the page go on, and the session does not see what they do.
Its own changes are made by `finish`, all at once.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from uuid import UUID, uuid4

from django.db import connection, transaction

from mailserver.errors import MaildropInUse, NotFound, NotPermitted
from mailserver.mail.surrogate import Patch, edits, header
from mailserver.services import mailboxes, messages
from mailserver.store import blobs
from mailserver.store.models import Account, MailboxMessage, MaildropLease, Message
from mailserver.store.models.mailbox import Flag

LEASE_SECONDS = 90
SLICE = 64 * 1024
# Messages at a time: deleting one reads its row, with its whole header.
BATCH = 500

# The clock of the database is the only one that all processes share.
TAKE = """
INSERT INTO maildroplease AS held (mailbox_id, holder, until)
    VALUES (%s, %s, statement_timestamp() + make_interval(secs => %s))
ON CONFLICT (mailbox_id) DO UPDATE SET holder = excluded.holder, until = excluded.until
    WHERE held.until < statement_timestamp()
"""
RENEW = """
UPDATE maildroplease SET until = statement_timestamp() + make_interval(secs => %s) WHERE mailbox_id = %s AND holder = %s
"""


@dataclass(frozen=True, slots=True)
class Maildrop:
    """What was in the Inbox when the session began, oldest first. Arrays: a session with 100,000 messages is 1.6 MB."""

    account_id: int
    mailbox_id: int
    holder: UUID
    uidvalidity: int
    uids: array[int]
    sizes: array[int]
    message_ids: array[int]
    # The ids of messages that are sent in another form than the one they are kept in (mail/surrogate.py).
    surrogates: frozenset[int] = frozenset()

    def __len__(self) -> int:
        return len(self.uids)


@dataclass(frozen=True, slots=True)
class Piece:
    """Some octets of a message; those that follow begin at `end` of the blob. `last`: there were none."""

    octets: bytes
    blob_id: int
    end: int
    last: bool = False
    patch: Patch | None = None


def open_for(*, account_id: int, utf8: bool = False) -> Maildrop:
    """Take the account's maildrop; `utf8`: its reader takes UTF-8 in headers.

    Raises NotPermitted where POP3 is switched off, MaildropInUse.
    """
    if not Account.objects.filter(pk=account_id, is_active=True, pop3=True).exists():
        raise NotPermitted("POP3 is switched off for this account.")
    box = mailboxes.by_use(account_id, mailboxes.Use.INBOX)
    holder = uuid4()
    with transaction.atomic():
        _take(box.pk, holder)
        entries = MailboxMessage.objects.filter(mailbox_id=box.pk).order_by("uid")
        drop = Maildrop(account_id, box.pk, holder, box.uidvalidity, array("I"), array("I"), array("Q"))
        columns = ("uid", "message__size", "message__surrogate_size", "message_id")
        surrogates = set()
        for uid, size, surrogate_size, message_id in entries.values_list(*columns).iterator():
            if surrogate_size is not None and not utf8:
                size = surrogate_size
                surrogates.add(message_id)
            drop.uids.append(uid)
            drop.sizes.append(size)
            drop.message_ids.append(message_id)
    return replace(drop, surrogates=frozenset(surrogates))


def _take(mailbox_id: int, holder: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [mailbox_id, holder, LEASE_SECONDS])
        if not cursor.rowcount:
            raise MaildropInUse("Another session has this maildrop.")


def renew(*, mailbox_id: int, holder: UUID) -> bool:
    """Keep the maildrop for another while; False when somebody else has taken it since."""
    with connection.cursor() as cursor:
        cursor.execute(RENEW, [LEASE_SECONDS, mailbox_id, holder])
        return bool(cursor.rowcount)


def release(*, mailbox_id: int, holder: UUID) -> bool:
    """Give the maildrop back and change nothing in it; False when it was not ours any more."""
    return bool(MaildropLease.objects.filter(mailbox_id=mailbox_id, holder=holder).delete()[0])


def first_piece(*, account_id: int, message_id: int, surrogate: bool = False) -> Piece:
    """The trace fields of a message and its first `SLICE` octets, with most messages all there is. Raises NotFound.

    For a surrogate the whole message is read once: what is to be changed may stand anywhere.
    """
    found = Message.objects.filter(account_id=account_id, pk=message_id).values_list("prefix", "blob_id").first()
    if found is None:
        raise NotFound("There is no such message.")
    prefix, blob_id = found
    patch = Patch(edits(blobs.read(blob_id))) if surrogate else None
    piece = next_piece(blob_id=blob_id, start=0, patch=patch)
    return replace(piece, octets=(header(bytes(prefix)) if surrogate else bytes(prefix)) + piece.octets, last=False)


def next_piece(*, blob_id: int, start: int, patch: Patch | None = None) -> Piece:
    """What at most `SLICE` further octets are, none at the end. Raises NotFound."""
    octets = blobs.read_slice(blob_id, start, SLICE)
    return Piece(patch.feed(octets) if patch else octets, blob_id, start + len(octets), not octets, patch)


def finish(*, drop: Maildrop, deleted: Collection[int], seen: Collection[int]) -> int:
    """Delete and mark as read, by UID, and give the maildrop back; how many were there to delete.

    All or nothing. Raises MaildropInUse when the lease ran out and another session has the maildrop now.
    """
    count = 0
    with transaction.atomic():
        if not release(mailbox_id=drop.mailbox_id, holder=drop.holder):
            raise MaildropInUse("Another session has taken this maildrop.")
        place = {"account_id": drop.account_id, "mailbox_id": drop.mailbox_id}
        for uids in _batches(set(seen) - set(deleted)):
            messages.set_flags(**place, uids=uids, add=Flag.SEEN)
        for uids in _batches(deleted):
            count += len(messages.expunge(**place, uids=uids))
    return count


def _batches(uids: Collection[int]) -> Iterator[list[int]]:
    ordered = iter(sorted(uids))
    while batch := list(islice(ordered, BATCH)):
        yield batch
