"""Counters of folders that are not open (RFC 9051 §6.3.11); what costs something is counted when it is asked for."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.db import connection

from mailserver.services import folders
from mailserver.services.folders import Folder
from mailserver.store.models import Mailbox
from mailserver.store.models.mailbox import Flag

# Recent are those nobody claimed, the last ones by UID. Deleted ones are looked for in the whole folder.
COUNTS = """
SELECT b.id, CASE WHEN %(recent)s THEN (
           SELECT count(*) FROM mailboxmessage e WHERE e.mailbox_id = b.id AND e.uid >= b.first_recent_uid) END,
       CASE WHEN %(deleted)s THEN (
           SELECT count(*) FROM mailboxmessage e WHERE e.mailbox_id = b.id AND e.flags & %(flag)s <> 0) END,
       CASE WHEN %(deleted)s THEN (
           SELECT coalesce(sum(m.size), 0)::bigint FROM mailboxmessage e JOIN message m ON m.id = e.message_id
           WHERE e.mailbox_id = b.id AND e.flags & %(flag)s <> 0) END
FROM mailbox b WHERE b.id = ANY(%(boxes)s)
"""


@dataclass(frozen=True, slots=True)
class Status:
    """A folder with what was counted for it; None what was not asked for. `deleted_size` in octets."""

    folder: Folder
    recent: int | None = None
    deleted: int | None = None
    deleted_size: int | None = None


def status(
    account_id: int, paths: Collection[str], *, recent: bool = False, deleted: bool = False
) -> dict[str, Status]:
    """The folders with these paths by path as it was given; those that are not there are left out."""
    rows = Mailbox.objects.filter(account_id=account_id, path__in={folders.normal(path) for path in paths})
    found = {folder.path: folder for folder in (Folder(*row) for row in rows.values_list(*folders.FIELDS))}
    counts = _counts([folder.id for folder in found.values()], recent, deleted) if recent or deleted else {}
    return {
        path: Status(folder, *counts.get(folder.id, ()))
        for path, folder in ((path, found.get(folders.normal(path))) for path in paths)
        if folder is not None
    }


def _counts(mailbox_ids: list[int], recent: bool, deleted: bool) -> dict[int, tuple[int | None, ...]]:
    values: dict[str, Any] = {"boxes": mailbox_ids, "recent": recent, "deleted": deleted, "flag": int(Flag.DELETED)}
    with connection.cursor() as cursor:
        cursor.execute(COUNTS, values)
        return {number: tuple(counted) for number, *counted in cursor}
