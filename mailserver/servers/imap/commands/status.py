"""STATUS (RFC 9051 §6.3.11, RFC 8438, 7162, 7889, 8474)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import responses
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.responses import Done
from mailserver.services import statuses
from mailserver.services.statuses import MailboxStatus

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def status(session: Session, command: commands.Status) -> Done:
    if "HIGHESTMODSEQ" in command.items:
        session.enabled.add("CONDSTORE")
    (found,) = await of(session, [command.mailbox], command.items)
    tell(session, found, command.items)
    return Done("That is all.")


async def of(session: Session, paths: Sequence[str], items: Sequence[str]) -> list[MailboxStatus]:
    """The state of folders. Raises NotFound if one is not there."""
    return await bridge.run(
        statuses.of,
        account_id=session.account_id,
        paths=list(paths),
        deleted=bool({"DELETED", "DELETED-STORAGE"} & set(items)),
    )


def tell(session: Session, found: MailboxStatus, items: Sequence[str]) -> None:
    """The untagged response."""
    values = {
        "MESSAGES": found.total,
        "RECENT": found.recent,
        "UIDNEXT": found.uidnext,
        "UIDVALIDITY": found.uidvalidity,
        "UNSEEN": found.unseen,
        "DELETED": found.deleted,
        "SIZE": found.size,
        "HIGHESTMODSEQ": found.highestmodseq,
        "APPENDLIMIT": session.site.size_limit,
        "MAILBOXID": f"(F{found.mailbox_id})",
        "DELETED-STORAGE": found.deleted_size,
    }
    said = " ".join(f"{name} {values[name]}" for name in items)
    session.untagged(b"STATUS ", responses.mailbox(found.path, utf8=session.utf8), f" ({said})".encode("ascii"))
