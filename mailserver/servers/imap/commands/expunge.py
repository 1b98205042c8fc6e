"""EXPUNGE and UID EXPUNGE (RFC 9051 §6.4.3, §6.4.9)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.mail.numbersets import runs_of
from mailserver.servers import bridge
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.servers.imap.targets import uids_of
from mailserver.services import messages

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def expunge(session: Session, command: commands.Expunge) -> Done:
    view = session.selected
    if view.read_only:
        raise Refusal("This mailbox is read-only.", "CANNOT")
    runs = runs_of(uids_of(session, command.uids)) if command.uids else None
    expunged = await bridge.run(
        messages.expunge_deleted, account_id=session.account_id, mailbox_id=view.mailbox_id, uids=runs
    )
    await session.updates.sync(expunges=True)
    if session.qresync and expunged.runs:
        return Done("Expunged.", f"HIGHESTMODSEQ {view.modseq}")
    return Done("Expunged.")
