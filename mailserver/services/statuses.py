"""The state of folders without opening them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Sum

from mailserver.errors import NotFound
from mailserver.services.folders import normal
from mailserver.store.models import Mailbox, MailboxMessage
from mailserver.store.models.mailbox import Flag


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """Sizes in octets. `recent`: messages that no session has had for its own yet."""

    mailbox_id: int
    path: str
    uidvalidity: int
    uidnext: int
    highestmodseq: int
    total: int
    unseen: int
    size: int
    recent: int
    deleted: int = 0
    deleted_size: int = 0


def of(account_id: int, paths: Sequence[str], *, deleted: bool = False) -> list[MailboxStatus]:
    """The state of these folders, in order; `deleted` counts those marked so, which looks at every entry.

    Raises NotFound if one is not there.
    """
    boxes = {box.path: box for box in Mailbox.objects.filter(account_id=account_id, path__in=map(normal, paths))}
    missing = [path for path in paths if normal(path) not in boxes]
    if missing:
        raise NotFound("There is no such folder.")
    return [_status(boxes[normal(path)], deleted=deleted) for path in paths]


def _status(box: Mailbox, *, deleted: bool) -> MailboxStatus:
    recent = MailboxMessage.objects.filter(mailbox=box, uid__gte=box.first_recent_uid).count()
    marked = MailboxMessage.objects.filter(mailbox=box).extra(where=["flags & %s <> 0"], params=[int(Flag.DELETED)])
    return MailboxStatus(
        mailbox_id=box.pk,
        path=box.path,
        uidvalidity=box.uidvalidity,
        uidnext=box.uidnext,
        highestmodseq=box.highestmodseq,
        total=box.total,
        unseen=box.unseen,
        size=box.size,
        recent=recent,
        deleted=marked.count() if deleted else 0,
        deleted_size=(marked.aggregate(size=Sum("message__size"))["size"] or 0) if deleted else 0,
    )
