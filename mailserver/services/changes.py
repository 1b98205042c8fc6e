"""What changed in a folder since a reader last looked, by conversation: for pages that follow it live."""

from __future__ import annotations

from dataclasses import dataclass, field

from mailserver.services import mailboxes, threads
from mailserver.store.models import Change, Mailbox, MailboxMessage, ThreadBox, Vanished

MOST = 200


@dataclass(frozen=True, slots=True)
class Changes:
    """`lines` are as they are now, newest first; `gone` conversations left the folder. Not `complete`: look anew."""

    mailbox: Mailbox
    lines: list[ThreadBox] = field(default_factory=list)
    gone: list[int] = field(default_factory=list)
    complete: bool = True

    @property
    def modseq(self) -> int:
        """What to ask from the next time."""
        return self.mailbox.highestmodseq


def since(account_id: int, mailbox_id: int, modseq: int) -> Changes:
    """The conversations with a message that changed after `modseq`. Raises NotFound."""
    box = mailboxes.get(account_id, mailbox_id)
    if modseq >= box.highestmodseq:
        return Changes(box)
    rows = list(Change.objects.filter(mailbox_id=mailbox_id, modseq__gt=modseq).order_by("modseq")[: MOST + 1])
    uids = {uid for row in rows for uid in row.uids}
    # A gap means that rows were tidied away; many changes cost less as a fresh page.
    if len(rows) > MOST or len(uids) > MOST or not rows or rows[0].modseq != modseq + 1:
        return Changes(box, complete=False)
    touched = set(
        MailboxMessage.objects.filter(mailbox_id=mailbox_id, uid__in=uids).values_list("thread_id", flat=True)
    )
    left = Vanished.objects.filter(mailbox_id=mailbox_id, modseq__gt=modseq, message__isnull=False)
    touched |= set(left.values_list("message__thread_id", flat=True))
    lines = threads.lines(account_id, ((mailbox_id, thread) for thread in touched))
    return Changes(box, lines, sorted(touched - {line.thread_id for line in lines}))
