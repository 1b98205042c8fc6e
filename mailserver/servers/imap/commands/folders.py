"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE (RFC 9051 §6.3.4-8, RFC 6154)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import notices
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.servers.imap.uses import USE_OF_ATTRIBUTE
from mailserver.services import folders, subscriptions

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def create(session: Session, command: commands.Create) -> Done:
    uses = [USE_OF_ATTRIBUTE.get(name.lower()) for name in command.uses]
    if None in uses or len(uses) > 1:
        # \All, \Flagged and \Important would only show what lies in other folders (RFC 6154 §2, RFC 8457).
        raise Refusal("A folder has one use: archive, drafts, junk, sent or trash.", "USEATTR")
    folder = await bridge.run(
        folders.create,
        account_id=session.account_id,
        path=command.mailbox.rstrip("/"),
        special_use=uses[0] if uses else "",
    )
    await notices.note_own(session, folder.path)
    return Done("Created.", f"MAILBOXID (F{folder.id})")


async def delete(session: Session, command: commands.Delete) -> Done:
    folder = await bridge.run(folders.by_path, account_id=session.account_id, path=command.mailbox)
    await bridge.run(folders.delete, account_id=session.account_id, path=command.mailbox)
    if session.view is not None and session.view.mailbox_id == folder.id:
        session.say("OK [CLOSED] It was selected.")
        session.leave()
    await notices.note_own(session, folder.path)
    return Done("Deleted.")


async def rename(session: Session, command: commands.Rename) -> Done:
    new_path = command.new_name.rstrip("/")
    await bridge.run(folders.rename, account_id=session.account_id, path=command.mailbox, new_path=new_path)
    await notices.note_own(session, command.mailbox, new_path)
    return Done("Renamed.")


async def subscribe(session: Session, command: commands.Subscribe) -> Done:
    await bridge.run(subscriptions.subscribe, account_id=session.account_id, path=command.mailbox)
    await notices.note_own(session, folders.normal(command.mailbox))
    return Done("Subscribed.")


async def unsubscribe(session: Session, command: commands.Unsubscribe) -> Done:
    await bridge.run(subscriptions.unsubscribe, account_id=session.account_id, path=command.mailbox)
    await notices.note_own(session, folders.normal(command.mailbox))
    return Done("Unsubscribed.")
