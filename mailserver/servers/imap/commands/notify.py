"""NOTIFY (RFC 5465): a client says what it wants to hear of, and hears it between commands too."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import responses
from mailserver.servers.imap.commands import status
from mailserver.servers.imap.commands.fetch import send
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.grammar.attributes import FetchItem
from mailserver.servers.imap.grammar.events import EventGroup, EventName
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.services import folders
from mailserver.services.folders import Folder
from mailserver.services.selection import Delta

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

SUPPORTED: frozenset[EventName] = frozenset(
    {"MessageNew", "MessageExpunge", "FlagChange", "MailboxName", "SubscriptionChange"}
)
_STATUS = ("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "HIGHESTMODSEQ")
_MESSAGES: frozenset[EventName] = frozenset({"MessageNew", "MessageExpunge", "FlagChange"})
_NAMES: frozenset[EventName] = frozenset({"MailboxName", "SubscriptionChange"})
# Folder → whether it is subscribed: what the client was last told.
Known = Mapping[str, bool]


async def notify(session: Session, command: commands.Notify) -> Done:
    wanted = {event.name for group in command.groups for event in group.events}
    if wanted - SUPPORTED:
        raise Refusal("Some of these events are not known here.", f"BADEVENT ({' '.join(sorted(SUPPORTED))})")
    session.notify = command.groups or None
    session.updates.known_names = await _names(session) if wanted & _NAMES else {}
    if command.status:
        for folder in await bridge.run(folders.listing, account_id=session.account_id):
            if _is_meant(session, folder, _MESSAGES) and not _is_selected(session, folder):
                await _tell_status(session, folder.path)
    return Done("You will hear of it.")


async def tell_changes(session: Session, rung: Collection[int], delta: Delta | None) -> None:
    """What the hub brought, as far as the client asked for it."""
    if delta is not None and session.view is not None:
        await _tell_selected(session, delta)
    if rung and any(group.kind not in ("selected", "selected-delayed") for group in session.notify or ()):
        await _tell_others(session, rung)
    await session.flush()


async def tell_names(session: Session) -> None:
    """Folders that came, went, or were subscribed to, since the client last heard."""
    before, now = session.updates.known_names, await _names(session)
    if before == now or not _wants(session, _NAMES):
        return
    session.updates.known_names = now
    for path in sorted(before.keys() | now.keys()):
        if before.get(path) != now.get(path):
            attributes = ["\\NonExistent"] if path not in now else ["\\Subscribed"] if now[path] else []
            name = responses.mailbox(path, utf8=session.utf8)
            session.untagged(b"LIST ", responses.flags(attributes), b' "/" ', name)
    await session.flush()


async def _tell_selected(session: Session, delta: Delta) -> None:
    group = next((one for one in session.notify or () if one.kind in ("selected", "selected-delayed")), None)
    if group is None:
        return
    view = session.selected
    last = view.uids[-1] if view.uids else 0
    await session.updates.tell(await session.updates.absorb(delta, expunges=group.kind == "selected"))
    fresh = [uid for uid in view.uids[-len(delta.changed) or len(view.uids) :] if uid > last]
    items = _items(group)
    if fresh and items:
        await send(session, items, fresh)


def _items(group: EventGroup) -> tuple[FetchItem, ...]:
    return next((event.fetch for event in group.events if event.name == "MessageNew"), ())


async def _tell_others(session: Session, rung: Collection[int]) -> None:
    for folder in await bridge.run(folders.listing, account_id=session.account_id):
        if folder.id in rung and not _is_selected(session, folder) and _is_meant(session, folder, _MESSAGES):
            await _tell_status(session, folder.path)


async def _tell_status(session: Session, path: str) -> None:
    """Nothing if it went meanwhile, which is told as such to those who asked."""
    for found in await status.of(session, [path], _STATUS):
        status.tell(session, found, _STATUS)


def _is_selected(session: Session, folder: Folder) -> bool:
    return session.view is not None and session.view.mailbox_id == folder.id


def _wants(session: Session, events: frozenset[EventName]) -> bool:
    return any(event.name in events for group in session.notify or () for event in group.events)


def _is_meant(session: Session, folder: Folder, events: frozenset[EventName]) -> bool:
    """The first group that holds the mailbox decides (RFC 5465 §6)."""
    for group in session.notify or ():
        if group.kind not in ("selected", "selected-delayed") and _holds(group, folder):
            return any(event.name in events for event in group.events)
    return False


def _holds(group: EventGroup, folder: Folder) -> bool:
    match group.kind:
        case "personal":
            return True
        case "inboxes":
            return folder.special_use == "inbox"
        case "subscribed":
            return folder.subscribed
        case "subtree":
            return any(folder.path == path or folder.path.startswith(f"{path}/") for path in group.mailboxes)
        case _:
            return folder.path in group.mailboxes


async def _names(session: Session) -> dict[str, bool]:
    found: list[Folder] = await bridge.run(folders.listing, account_id=session.account_id)
    return {folder.path: folder.subscribed for folder in found}
