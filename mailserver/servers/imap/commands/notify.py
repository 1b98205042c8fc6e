"""NOTIFY (RFC 5465): a client says what it wants to hear of, and hears it between commands too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.imap import eventgroups, notices
from mailserver.servers.imap.commands.fetch import send
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.grammar.attributes import Attribute
from mailserver.servers.imap.grammar.events import BAD_EVENT, SUPPORTED
from mailserver.servers.imap.responses import Done, Refusal

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def notify(session: Session, command: commands.Notify) -> Done:
    wanted = {event.name for group in command.groups for event in group.events}
    if wanted - set(SUPPORTED):
        raise Refusal("Some of these events are not known here.", BAD_EVENT)
    if command.groups and session.view is not None:
        await _catch_up(session)
    session.notify = command.groups
    session.updates.known = await notices.folders_of(session) if eventgroups.ask_for_others(command.groups) else {}
    if command.status:
        for folder in session.updates.known.values():
            if "MessageNew" in notices.events_of(session, folder) and not notices.is_selected(session, folder):
                # With FlagChange HIGHESTMODSEQ belongs to it, whatever is enabled (RFC 5465 §3.1).
                await notices.tell_status(session, folder, modseq="FlagChange" in notices.events_of(session, folder))
    return Done("You will hear of it." if command.groups else "You will hear of nothing.")


async def _catch_up(session: Session) -> None:
    """NOTIFY SET tells first what has piled up, all of it (RFC 5465 §3.1)."""
    session.notify = None
    await session.updates.sync_after(expunges=True, lazy=False)
    if untold := session.selected.known(sorted(session.updates.untold)):
        await send(session, (Attribute("UID"), Attribute("FLAGS")), untold)
    session.updates.untold.clear()
