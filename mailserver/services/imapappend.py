"""What APPEND does: messages into the folder with a path, and what a session that has it selected is to be told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mailserver.services import flags, folders
from mailserver.services.appending import Appended, Bundle, marked
from mailserver.services.flags import EntryFlags
from mailserver.services.selection import Delta
from mailserver.store.writer import writing_in


@dataclass(frozen=True, slots=True)
class Put:
    """The UIDs in order, what changed in the folder, and from which UID on messages are recent for the caller alone."""

    mailbox_id: int
    uidvalidity: int
    uids: list[int]
    delta: Delta
    first_recent: int


def append(account_id: int, path: str, appended: Sequence[Appended], *, selected: int = 0) -> Put:
    """Store messages, all of them or none (RFC 3502).

    In the folder of id `selected` they are recent for the caller. Raises NotFound, OverQuota, InvalidName,
    TooManyKeywords.
    """
    if not all(flags.all_known(one.names) for one in appended):
        # No keyword is made for a folder that is not there.
        folders.by_path(account_id, path)
    brought = marked(account_id, appended)
    bundle = Bundle(account_id, brought)
    with writing_in(account_id, folders.normal(path), bundle.ask) as writer:
        (box,) = writer.boxes.values()
        uids = [filed.uid for filed in bundle.put(writer, box.id)]
        first = writer.claim(box.id) if box.id == selected else box.uidnext
    names, modseq = flags.keywords_of(account_id), box.highestmodseq
    entries = [
        EntryFlags(uid, one.marks.set, names.of(one.marks.put), modseq) for uid, one in zip(uids, brought, strict=True)
    ]
    return Put(box.id, box.uidvalidity, uids, Delta(modseq, box.uidnext, entries, ()), first)
