"""STATUS (RFC 9051 §6.3.11, RFC 8438, 7162, 7889, 8474)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import responses
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.services import statuses
from mailserver.services.statuses import Status

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def status(session: Session, command: commands.Status) -> Done:
    if "HIGHESTMODSEQ" in command.items:
        session.enabled.add("CONDSTORE")
    found = await of(session, [command.mailbox], command.items)
    if not found:
        raise Refusal("There is no such folder.", "NONEXISTENT")
    tell(session, found[0], command.items)
    return Done("That is all.")


async def of(session: Session, paths: Sequence[str], items: Sequence[str]) -> list[Status]:
    """The state of those folders that are there."""
    found: dict[str, Status] = await bridge.run(
        statuses.status,
        account_id=session.account_id,
        paths=list(paths),
        recent="RECENT" in items,
        deleted=bool({"DELETED", "DELETED-STORAGE"} & set(items)),
    )
    return list(found.values())


def tell(session: Session, found: Status, items: Sequence[str]) -> None:
    """The untagged response."""
    folder = found.folder
    values = {
        "MESSAGES": folder.total,
        "RECENT": found.recent,
        "UIDNEXT": folder.uidnext,
        "UIDVALIDITY": folder.uidvalidity,
        "UNSEEN": folder.unseen,
        "DELETED": found.deleted,
        "SIZE": folder.size,
        "HIGHESTMODSEQ": folder.highestmodseq,
        "APPENDLIMIT": session.site.size_limit,
        "MAILBOXID": f"(F{folder.id})",
        "DELETED-STORAGE": found.deleted_size,
    }
    said = " ".join(f"{name} {values[name]}" for name in items)
    session.untagged(b"STATUS ", responses.mailbox(folder.path, utf8=session.utf8), f" ({said})".encode("ascii"))
