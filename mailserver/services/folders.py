"""The tree of folders by path, as mail programs see it: listed, made, renamed, deleted, subscribed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from mailserver.errors import AlreadyExists, HasChildren, InvalidName, NotFound, NotPermitted
from mailserver.services import mailboxes, messages, subscriptions
from mailserver.store import bell, summary
from mailserver.store.models import Account, Mailbox

INBOX: Final = "INBOX"
_EVERYTHING = ((1, (1 << 31) - 1),)

# By hand: Django would load what it deletes. Vanished entries too hold messages that nobody else may have.
ORPHANS = """
INSERT INTO orphan (message_id)
SELECT message_id FROM mailboxmessage WHERE mailbox_id = %(box)s
UNION SELECT message_id FROM vanished WHERE mailbox_id = %(box)s AND message_id IS NOT NULL
ON CONFLICT DO NOTHING
"""
DELETIONS = (
    "DELETE FROM threadbox WHERE mailbox_id = %(box)s",
    "DELETE FROM vanished WHERE mailbox_id = %(box)s",
    "DELETE FROM change WHERE mailbox_id = %(box)s",
    "DELETE FROM mailbox WHERE id = %(box)s",
)


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and its counters; `size` in octets."""

    id: int
    path: str
    special_use: str
    subscribed: bool
    uidvalidity: int
    uidnext: int
    highestmodseq: int
    total: int
    unseen: int
    size: int


FIELDS = tuple(Folder.__dataclass_fields__)


def normal(path: str) -> str:
    """The path under which a folder is kept: INBOX is one in any case (RFC 9051 §5.1)."""
    return INBOX if path.upper() == INBOX else path


def listing(account_id: int) -> list[Folder]:
    """All folders of an account by path."""
    rows = Mailbox.objects.filter(account_id=account_id).order_by("path").values_list(*FIELDS)
    return [Folder(*row) for row in rows]


def by_path(account_id: int, path: str) -> Folder:
    """Raises NotFound."""
    row = Mailbox.objects.filter(account_id=account_id, path=normal(path)).values_list(*FIELDS).first()
    if row is None:
        raise NotFound("There is no such folder.")
    return Folder(*row)


def create(account_id: int, path: str, special_use: str = "") -> Folder:
    """A new folder with exactly this path, and the levels above it that are missing; subscribed if the name was.

    Raises InvalidName, AlreadyExists, SpecialUseTaken.
    """
    with transaction.atomic():
        subscribed = subscriptions.taken_up(account_id, path)
        mailboxes.create(account_id=account_id, path=_exact(path), special_use=special_use, subscribed=subscribed)
        bell.ring_on_commit(account_id, {})
    return by_path(account_id, path)


@transaction.atomic
def rename(account_id: int, path: str, new_path: str) -> None:
    """Give a folder, with all below it, another path; special folders keep their use.

    INBOX stays and its messages go to the new folder (RFC 9051 §6.3.6). Raises NotFound, InvalidName, AlreadyExists.
    """
    _hold(account_id)
    if normal(path) == INBOX:
        _empty_inbox(account_id, new_path)
        return
    new_path = _exact(new_path)
    if new_path.startswith(f"{path}/"):
        raise InvalidName("A folder cannot go below itself.")
    boxes = list(Mailbox.objects.filter(Q(path=path) | Q(path__startswith=f"{path}/"), account_id=account_id))
    renamed = next((box for box in boxes if box.path == path), None)
    if renamed is None:
        raise NotFound("There is no such folder.")
    if Mailbox.objects.filter(account_id=account_id, path=new_path).exists():
        raise AlreadyExists(f"There is a folder {new_path} already.")
    uidvalidity = mailboxes.new_uidvalidity(account_id)
    mailboxes.make_above(account_id, new_path, uidvalidity, subscribed=renamed.subscribed)
    _rename(account_id, boxes, len(path), new_path)
    bell.ring_on_commit(account_id, {box.pk: box.highestmodseq for box in boxes})


def _rename(account_id: int, boxes: Sequence[Mailbox], cut: int, new_path: str) -> None:
    freed = Account.objects.values_list("freed_uidvalidity", flat=True).get(pk=account_id)
    _free(account_id, max(box.uidvalidity for box in boxes))
    for box in boxes:
        box.path = _exact(new_path + box.path[cut:])
        # Somebody may remember the new name with a UIDVALIDITY that was larger, or with this one and other messages.
        if box.uidvalidity <= freed:
            box.uidvalidity = mailboxes.new_uidvalidity(account_id)
    try:
        with transaction.atomic():
            Mailbox.objects.bulk_update(boxes, ["path", "uidvalidity"])
    except IntegrityError as error:
        raise AlreadyExists(f"There are folders below {new_path} already.") from error


def _empty_inbox(account_id: int, new_path: str) -> None:
    target = mailboxes.create(account_id=account_id, path=_exact(new_path))
    inbox = by_path(account_id, INBOX)
    messages.move(account_id=account_id, mailbox_id=inbox.id, uids=_EVERYTHING, target_id=target.pk)


@transaction.atomic
def delete(account_id: int, path: str) -> None:
    """Delete a folder and its entries for good. Messages that no other folder holds go when old things are tidied.

    Raises NotFound, HasChildren, NotPermitted (INBOX and special folders).
    """
    _hold(account_id)
    path = normal(path)
    box = Mailbox.objects.select_for_update().filter(account_id=account_id, path=path).first()
    if box is None:
        raise NotFound("There is no such folder.")
    if box.special_use:
        raise NotPermitted("This folder is needed and stays.")
    if Mailbox.objects.filter(account_id=account_id, path__startswith=f"{path}/").exists():
        raise HasChildren("There are folders below this one.")
    with connection.cursor() as cursor:
        cursor.execute(ORPHANS, {"box": box.pk})
        cursor.execute("DELETE FROM mailboxmessage WHERE mailbox_id = %s RETURNING thread_id", [box.pk])
        threads = {thread for (thread,) in cursor.fetchall()}
        for statement in DELETIONS:
            cursor.execute(statement, {"box": box.pk})
    summary.refresh_now(threads)
    _free(account_id, box.uidvalidity)
    if box.subscribed:
        subscriptions.remember(account_id, path)
    bell.ring_on_commit(account_id, {box.pk: box.highestmodseq + 1})
    bell.ring_on_commit(account_id, {})


def _exact(path: str) -> str:
    """The path, if it is one that is kept as it is. Raises InvalidName."""
    if mailboxes.valid_path(path) != path:
        raise InvalidName("A folder's name cannot begin or end with a blank.")
    return path


def _hold(account_id: int) -> None:
    """Make, rename and delete the folders of an account one after the other. Raises NotFound."""
    if not Account.objects.select_for_update(no_key=True).filter(pk=account_id).values_list("pk").first():
        raise NotFound("There is no such account.")


def _free(account_id: int, uidvalidity: int) -> None:
    """Names with a UIDVALIDITY up to this one can now be taken by other folders."""
    Account.objects.filter(pk=account_id, freed_uidvalidity__lt=uidvalidity).update(freed_uidvalidity=uidvalidity)
