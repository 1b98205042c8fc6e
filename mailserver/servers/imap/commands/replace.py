"""REPLACE (RFC 8508): a new message in place of an old one, in one step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap.commands.append import appended, target
from mailserver.servers.imap.grammar import messagecommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.servers.imap.targets import uids_of
from mailserver.services import messages
from mailserver.services.filing import Filed

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def replace(session: Session, command: commands.Replace) -> Done:
    view, folder = session.selected, await target(session, command.mailbox)
    if view.read_only:
        raise Refusal("This mailbox is read-only.", "CANNOT")
    uids = uids_of(session, command.messages)
    if len(uids) != 1:
        raise Refusal("There is no such message.", "NONEXISTENT")
    filed: Filed = await bridge.run(
        messages.replace,
        account_id=session.account_id,
        mailbox_id=view.mailbox_id,
        uid=uids[0],
        target_id=folder.id,
        new=appended(command.message),
    )
    session.say(f"OK [APPENDUID {folder.uidvalidity} {filed.uid}] Taken.")
    await session.updates.sync(expunges=True, own=True)
    return Done("Replaced.")
