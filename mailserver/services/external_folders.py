"""The folders of an external account: which there are, how far each has come, and where its mail goes here."""

from __future__ import annotations

from collections.abc import Sequence

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from mailserver.errors import AlreadyExists, InvalidName, NotFound
from mailserver.mail import specialuse
from mailserver.net.remote_imap import RemoteFolder
from mailserver.services import external_lease, mailboxes
from mailserver.services.external_lease import Held
from mailserver.store.models import ExternalFolder, ExternalMessage, Mailbox

# No person has as many; a server that lists more is not listened to any further.
MOST = 2000
# A server that numbers its messages anew each time would have us fetch them for ever.
MOST_RENUMBERINGS = 5
_FALLBACK = "Imported"


def take_down(held: Held, listed: Sequence[RemoteFolder]) -> list[ExternalFolder]:
    """A row for each folder that the server lists, in its order. Raises Lost."""
    wanted = {folder.wire: folder for folder in listed[:MOST]}
    with transaction.atomic():
        external_lease.lock(held)
        known = {row.wire: row for row in ExternalFolder.objects.filter(external_id=held.external_id)}
        new = [
            ExternalFolder(external_id=held.external_id, wire=wire, name=folder.name, use=folder.use)
            for wire, folder in wanted.items()
            if wire not in known
        ]
        known |= {row.wire: row for row in ExternalFolder.objects.bulk_create(new)}
    return [known[wire] for wire in wanted]


def begin(held: Held, folder: ExternalFolder, uidvalidity: int) -> bool:
    """Before a folder is gone through: start anew when the server numbers it anew (RFC 9051 §2.3.1.1).

    False, with the reason noted, when nothing can be gone on with. Raises Lost.
    """
    with transaction.atomic():
        external_lease.lock(held)
        folder.refresh_from_db()
        if folder.uidvalidity and folder.uidvalidity != uidvalidity:
            folder.renumbered += 1
            folder.last_uid = folder.imported = folder.known = folder.failed = 0
            folder.compared_at, folder.checksum_here, folder.checksum_there = None, "", ""
        folder.uidvalidity = uidvalidity
        folder.error = ""
        if not uidvalidity:
            folder.error = "The server does not say how it numbers this folder (UIDVALIDITY)."
        elif folder.renumbered > MOST_RENUMBERINGS:
            folder.error = "The server numbers this folder anew again and again."
        folder.done_at = timezone.now() if folder.error else None
        folder.save()
        return not folder.error


def expect(held: Held, folder: ExternalFolder, uids: Sequence[int]) -> list[int]:
    """Note how much there is; those of the UIDs that are not done yet. Raises Lost."""
    rows = ExternalMessage.objects.filter(folder=folder, uidvalidity=folder.uidvalidity, uid__gt=folder.last_uid)
    done = set(rows.values_list("uid", flat=True))
    left = [uid for uid in uids if uid not in done]
    with transaction.atomic():
        external_lease.lock(held)
        rest = F("imported") + F("known") + F("failed") + len(left)
        ExternalFolder.objects.filter(pk=folder.pk).update(total=rest)
    return left


def finish(held: Held, folder: ExternalFolder, *, last: int = 0, error: str = "") -> None:
    """The folder was gone through up to UID `last`, or cannot be. Raises Lost."""
    with transaction.atomic():
        external_lease.lock(held)
        folder.refresh_from_db()
        folder.done_at, folder.error, folder.last_uid = timezone.now(), error, max(folder.last_uid, last)
        folder.total = folder.handled
        folder.save(update_fields=["done_at", "error", "last_uid", "total"])


def stumble(held: Held, folder: ExternalFolder, uid: int) -> int:
    """Note that the server broke off at this message; how often it has by now. Raises Lost."""
    with transaction.atomic():
        external_lease.lock(held)
        folder.refresh_from_db()
        folder.stuck_times = folder.stuck_times + 1 if folder.stuck_uid == uid else 1
        folder.stuck_uid = uid
        folder.save(update_fields=["stuck_uid", "stuck_times"])
    return folder.stuck_times


def target(account_id: int, folder: ExternalFolder) -> int:
    """The folder here for the mail of one there; it is made when there is none."""
    if folder.mailbox_id and Mailbox.objects.filter(pk=folder.mailbox_id, account_id=account_id).exists():
        return folder.mailbox_id
    box = _by_use(account_id, folder.use) or _by_path(account_id, specialuse.local_path(folder.name))
    ExternalFolder.objects.filter(pk=folder.pk).update(mailbox=box)
    folder.mailbox_id = box.pk
    return box.pk


def _by_use(account_id: int, use: str) -> Mailbox | None:
    wanted = Mailbox.Use.ARCHIVE if use == "all" else use
    try:
        return mailboxes.by_use(account_id, wanted) if wanted else None
    except NotFound:
        return None


def _by_path(account_id: int, path: str) -> Mailbox:
    found = Mailbox.objects.filter(account_id=account_id, path=path).first()
    if found is not None:
        return found
    try:
        return mailboxes.create(account_id=account_id, path=path)
    except InvalidName:
        return _by_path(account_id, _FALLBACK)
    except AlreadyExists:  # somebody made it in this moment
        return Mailbox.objects.get(account_id=account_id, path=path)
