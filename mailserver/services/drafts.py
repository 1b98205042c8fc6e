"""Drafts: real messages in the Drafts folder, so that every program of their owner sees them.

Messages never change, so saving files a new one and removes the one before it in the same transaction. A draft is
found by the id of any of its versions, as they share a Message-ID.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.conf import settings
from django.utils import timezone

from mailserver.errors import MessageTooLarge, NotFound, OverQuota
from mailserver.mail import compose
from mailserver.mail.addresses import HeaderAddress
from mailserver.mail.message import parse
from mailserver.services import draft_source, mailboxes, messages, undo
from mailserver.services.draft_content import Holding, Kept, attachments_of, holdings, read
from mailserver.services.draft_source import Source
from mailserver.services.filing import Filing, file
from mailserver.services.recipients import room
from mailserver.store import blobs
from mailserver.store.models import Mailbox, MailboxMessage, Message, QueueEntry, UndoStep
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import writing


@dataclass(frozen=True, slots=True)
class Writing:
    """What the writer holds. `html` is "" in a plain text message; `text` then is the message, else its alternative.

    `kept` are attachments that lie in a stored message already, `uploads` new ones.
    """

    sender: HeaderAddress
    to: Sequence[HeaderAddress] = ()
    cc: Sequence[HeaderAddress] = ()
    bcc: Sequence[HeaderAddress] = ()
    subject: str = ""
    text: str = ""
    html: str = ""
    receipt: bool = False
    source: Source | None = None
    kept: Sequence[Kept] = ()
    uploads: Sequence[compose.Attachment] = ()


@dataclass(frozen=True, slots=True)
class Saved:
    """Where a draft lies now."""

    mailbox_id: int
    uid: int
    message_id: int


@dataclass(frozen=True, slots=True)
class Loaded:
    """A draft as it was saved last; `writing.kept` are its attachments, `holdings` the same with names and sizes."""

    saved: Saved
    saved_at: datetime
    writing: Writing
    holdings: tuple[Holding, ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A draft ready for submission. `raw` still has its Bcc field: the server takes it off and keeps it in Sent."""

    raw: bytes
    sender: str
    recipients: tuple[str, ...]
    place: tuple[int, int]
    message_id: int
    source: Source | None


def save(*, account_id: int, writing_: Writing, replaces: int | None = None) -> Saved:
    """File a draft; `replaces` is the Message of any of its earlier versions.

    Raises InvalidName (a field cannot be written into a header), MessageTooLarge, OverQuota, and NotFound when the
    draft was sent or deleted since, or when an attachment to keep is gone.
    """
    box = mailboxes.by_use(account_id, Mailbox.Use.DRAFTS)
    before = messages.get(account_id, replaces) if replaces else None
    draft = _draft(account_id, writing_, before)
    raw = draft_source.header(writing_.source) + compose.build(draft)
    if len(raw) > settings.CORREIO.size_limit:
        raise MessageTooLarge(f"A message may have {settings.CORREIO.size_limit // 1_000_000} MB with its attachments.")
    if len(raw) > room(account_id) + (before.size if before else 0):
        raise OverQuota("There is no room left in your mailbox to keep this draft.")
    parsed = parse(raw)
    with writing([box.pk]) as writer:
        old = _uids(box.pk, before) if before else []
        if before and not old:
            raise NotFound("This draft was sent or deleted in another window.")
        (blob,) = blobs.put([raw])
        flags = Flag.DRAFT | Flag.SEEN
        (filed,) = file(writer, [Filing(box.pk, blob, parsed, timezone.now(), flags=flags)])
        writer.remove(box.pk, old)
    return Saved(box.pk, filed.uid, filed.message_id)


def load(*, account_id: int, message_id: int) -> Loaded:
    """The newest version of a draft. Raises NotFound when it is not in Drafts any more."""
    entry = _entry(account_id, message_id)
    raw = messages.raw(entry.message)
    parsed = parse(raw)
    content = read(raw, parsed.root)
    held = holdings(content.attachments, entry.message_id)
    sender = parsed.sender or HeaderAddress("", "")
    return Loaded(
        Saved(entry.mailbox_id, entry.uid, entry.message_id),
        entry.saved_at,
        Writing(
            sender=sender,
            to=parsed.to,
            cc=parsed.cc,
            bcc=parsed.bcc,
            subject=parsed.subject,
            text=content.text,
            html=content.html,
            receipt=content.receipt,
            source=draft_source.of(raw) or draft_source.answered(account_id=account_id, message_id=parsed.in_reply_to),
            kept=[holding.kept for holding in held],
        ),
        held,
    )


def outgoing(*, account_id: int, message_id: int) -> Outgoing:
    """What submission gets of a saved draft, dated now. Raises NotFound."""
    loaded = load(account_id=account_id, message_id=message_id)
    before = messages.get(account_id, loaded.saved.message_id)
    draft = replace(_draft(account_id, loaded.writing, before), keep_bcc=True)
    people = [*loaded.writing.to, *loaded.writing.cc, *loaded.writing.bcc]
    return Outgoing(
        raw=compose.build(draft),
        sender=loaded.writing.sender.address,
        recipients=tuple({person.address.lower(): person.address for person in people if person.address}.values()),
        place=(loaded.saved.mailbox_id, loaded.saved.uid),
        message_id=loaded.saved.message_id,
        source=loaded.writing.source,
    )


def discard(*, account_id: int, message_id: int) -> UndoStep:
    """Move a draft to Trash, with a step to take it back. Raises NotFound."""
    entry = _entry(account_id, message_id)
    trash = mailboxes.by_use(account_id, Mailbox.Use.TRASH)
    moved = messages.move(account_id=account_id, mailbox_id=entry.mailbox_id, uids=[entry.uid], target_id=trash.pk)
    ids = [item.message_id for item in moved]
    return undo.record(account_id=account_id, title="Draft discarded", moves=[(trash.pk, entry.mailbox_id, ids)])


def sent_copy(*, account_id: int, reference: str) -> Message | None:
    """The copy in Sent of what left under this reference; None when there is none."""
    entry = QueueEntry.objects.filter(account_id=account_id, reference=reference).select_related("sent_copy").first()
    return entry.sent_copy if entry else None


def _draft(account_id: int, writing_: Writing, before: Message | None) -> compose.Draft:
    """The message to build. It keeps the id and the place in the conversation of the version before it."""
    ids = draft_source.identity(account_id, writing_.sender.address, writing_.source, before)
    return compose.Draft(
        sender=writing_.sender,
        to=list(writing_.to),
        cc=list(writing_.cc),
        bcc=list(writing_.bcc),
        subject=writing_.subject,
        text=writing_.text,
        html=writing_.html or None,
        attachments=[*attachments_of(account_id, writing_.kept), *writing_.uploads],
        in_reply_to=ids.in_reply_to,
        references=ids.references,
        message_id=ids.message_id,
        date=timezone.now(),
        receipt=writing_.receipt,
        keep_bcc=True,
    )


def _entry(account_id: int, message_id: int) -> MailboxMessage:
    """The entry of a draft's newest version. Raises NotFound."""
    version = messages.get(account_id, message_id)
    box = mailboxes.by_use(account_id, Mailbox.Use.DRAFTS)
    uids = _uids(box.pk, version)
    if not uids:
        raise NotFound("This draft was sent or deleted.")
    return MailboxMessage.objects.select_related("message").get(mailbox_id=box.pk, uid=uids[-1])


def _uids(mailbox_id: int, version: Message) -> list[int]:
    """Entries in Drafts that are this version or share its Message-ID, oldest first."""
    entries = MailboxMessage.objects.filter(mailbox_id=mailbox_id)
    if version.message_id:
        ids = Message.objects.filter(account_id=version.account_id, message_id=version.message_id)
        entries = entries.filter(message_id__in=ids.values("pk"))
    else:
        entries = entries.filter(message_id=version.pk)
    return list(entries.order_by("uid").values_list("uid", flat=True))
