"""Folders of an account."""

from __future__ import annotations

import time

from django.db import IntegrityError, transaction
from django.db.models import Sum

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.store.models import Mailbox

Use = Mailbox.Use

STANDARD = (
    ("INBOX", Use.INBOX),
    ("Drafts", Use.DRAFTS),
    ("Sent", Use.SENT),
    ("Archive", Use.ARCHIVE),
    ("Spam", Use.JUNK),
    ("Trash", Use.TRASH),
)
MAX_DEPTH = 10


def make_standard(account_id: int) -> None:
    """The folders every account has."""
    Mailbox.objects.bulk_create(
        Mailbox(account_id=account_id, path=path, special_use=use, uidvalidity=new_uidvalidity())
        for path, use in STANDARD
    )


def new_uidvalidity() -> int:
    """Seconds since 1970: grows when a folder is deleted and made again (RFC 9051 §2.3.1.1)."""
    return int(time.time())


def by_use(account_id: int, use: str) -> Mailbox:
    """The account's Inbox, Sent … Raises NotFound."""
    box = Mailbox.objects.filter(account_id=account_id, special_use=use).first()
    if box is None:
        raise NotFound(f"The account has no folder for {use}.")
    return box


def get(account_id: int, mailbox_id: int) -> Mailbox:
    """A folder of this account. Raises NotFound, also for the folder of another."""
    box = Mailbox.objects.filter(account_id=account_id, pk=mailbox_id).first()
    if box is None:
        raise NotFound("There is no such folder.")
    return box


def list_for(account_id: int) -> list[Mailbox]:
    """All folders: the special ones in their usual order, then the others by path."""
    order = [use for _, use in STANDARD]
    boxes = Mailbox.objects.filter(account_id=account_id)
    return sorted(
        boxes,
        key=lambda box: (order.index(Use(box.special_use)) if box.special_use else len(order), box.path.casefold()),
    )


def usage(account_id: int) -> int:
    """Bytes of mail the account keeps."""
    return Mailbox.objects.filter(account_id=account_id).aggregate(total=Sum("size"))["total"] or 0


def valid_path(path: str) -> str:
    """`path` without blanks around its levels. Raises InvalidName."""
    levels = [level.strip() for level in path.split("/")]
    if not all(levels) or len(levels) > MAX_DEPTH or len(path) > 255:
        raise InvalidName("A folder needs a name of at most 255 characters.")
    if any(not char.isprintable() or char in "%*\\" for char in path):
        raise InvalidName("A folder's name cannot hold control characters, %, * or \\.")
    if levels[0].upper() == "INBOX":
        raise InvalidName("The name INBOX is taken.")
    return "/".join(levels)


def create(*, account_id: int, path: str) -> Mailbox:
    """A new folder, with the levels above it when they are missing. Raises InvalidName, AlreadyExists."""
    path = valid_path(path)
    levels = path.split("/")
    above = ["/".join(levels[:depth]) for depth in range(1, len(levels))]
    try:
        with transaction.atomic():
            known = set(Mailbox.objects.filter(account_id=account_id, path__in=above).values_list("path", flat=True))
            missing = [name for name in above if name not in known]
            Mailbox.objects.bulk_create(
                Mailbox(account_id=account_id, path=name, uidvalidity=new_uidvalidity()) for name in missing
            )
            return Mailbox.objects.create(account_id=account_id, path=path, uidvalidity=new_uidvalidity())
    except IntegrityError as error:
        raise AlreadyExists(f"There is a folder {path} already.") from error
