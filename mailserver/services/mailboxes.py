"""Folders of an account."""

from __future__ import annotations

import time

from django.db import IntegrityError, connection, transaction

from mailserver.errors import AlreadyExists, InvalidName, NotFound, SpecialUseTaken
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


UIDVALIDITY = """
UPDATE account SET last_uidvalidity = greatest(last_uidvalidity + 1, %s) WHERE id = %s RETURNING last_uidvalidity
"""


def make_standard(account_id: int) -> None:
    """The folders every account has; part of the caller's transaction."""
    uidvalidity = new_uidvalidity(account_id)
    Mailbox.objects.bulk_create(
        Mailbox(account_id=account_id, path=path, special_use=use, uidvalidity=uidvalidity) for path, use in STANDARD
    )


def new_uidvalidity(account_id: int) -> int:
    """Larger than any the account had, also of folders that are gone (RFC 9051 §2.3.1.1), and about the time.

    Locks the account's row: its folders are made, renamed and deleted one after the other. Raises NotFound.
    """
    with connection.cursor() as cursor:
        cursor.execute(UIDVALIDITY, [int(time.time()), account_id])
        row = cursor.fetchone()
    if row is None:
        raise NotFound("There is no such account.")
    return int(row[0])


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


def create(*, account_id: int, path: str, special_use: str = Use.NONE, subscribed: bool = True) -> Mailbox:
    """A new folder, with the levels above it when they are missing.

    A use goes over to it from the folder that has it, as long as that one is empty: mail would be left behind in a
    folder that is not the one for sent mail any more. Raises InvalidName, AlreadyExists, SpecialUseTaken.
    """
    path = valid_path(path)
    try:
        with transaction.atomic():
            uidvalidity = new_uidvalidity(account_id)
            if special_use:
                _take_use(account_id, special_use)
            make_above(account_id, path, uidvalidity, subscribed=subscribed)
            return Mailbox.objects.create(
                account_id=account_id,
                path=path,
                special_use=special_use,
                uidvalidity=uidvalidity,
                subscribed=subscribed,
            )
    except IntegrityError as error:
        raise AlreadyExists(f"There is a folder {path} already.") from error


def _take_use(account_id: int, use: str) -> None:
    """Its row is locked: nothing is filed there meanwhile."""
    held = Mailbox.objects.select_for_update(no_key=True).filter(account_id=account_id, special_use=use).first()
    if held is None:
        return
    if use == Use.INBOX or held.total:
        raise SpecialUseTaken(f"{held.path} has this use, and messages. Rename it, or move them first.")
    Mailbox.objects.filter(pk=held.pk).update(special_use=Use.NONE)


def make_above(account_id: int, path: str, uidvalidity: int, *, subscribed: bool) -> None:
    """Make the levels above `path` that are missing; part of the caller's transaction."""
    levels = path.split("/")
    above = ["/".join(levels[:depth]) for depth in range(1, len(levels))]
    known = set(Mailbox.objects.filter(account_id=account_id, path__in=above).values_list("path", flat=True))
    Mailbox.objects.bulk_create(
        Mailbox(account_id=account_id, path=name, uidvalidity=uidvalidity, subscribed=subscribed)
        for name in above
        if name not in known
    )
