"""NOTIFY (RFC 5465): a client says what it wants to hear of, and hears it between commands too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import eventgroups, responses
from mailserver.servers.imap.commands import status
from mailserver.servers.imap.commands.fetch import send
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.grammar.events import EventName
from mailserver.servers.imap.responses import Done, Refusal
from mailserver.servers.imap.view import News
from mailserver.services import folders
from mailserver.services.folders import Folder
from mailserver.services.selection import Delta

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

SUPPORTED: tuple[EventName, ...] = (
    "FlagChange",
    "MailboxName",
    "MessageExpunge",
    "MessageNew",
    "SubscriptionChange",
)
_STATUS = ("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN", "HIGHESTMODSEQ")
_OTHERS = frozenset(SUPPORTED)
# The folders as the client was last told of them, by id.
Known = Mapping[int, Folder]


async def notify(session: Session, command: commands.Notify) -> Done:
    wanted = {event.name for group in command.groups for event in group.events}
    if wanted - _OTHERS:
        raise Refusal("Some of these events are not known here.", f"BADEVENT ({' '.join(SUPPORTED)})")
    session.notify = command.groups or None
    session.updates.known = await _folders(session) if eventgroups.ask_for_others(session.notify or ()) else {}
    if command.status:
        for folder in session.updates.known.values():
            if "MessageNew" in _events(session, folder) and not _is_selected(session, folder):
                await _tell_status(session, folder.path)
    return Done("You will hear of it.")


def overflow(session: Session) -> None:
    """Something could not be told (RFC 5465 §5.8): the client shall look by itself, and ask again."""
    if session.notify is not None:
        session.notify = None
        session.say("OK [NOTIFICATIONOVERFLOW] Something was missed; from now on you will not hear of changes.")


async def tell_changes(session: Session, delta: Delta | None, *, others: bool) -> None:
    """What the hub brought, as far as the client asked for it. `others`: look at the folders not selected too."""
    if delta is not None and session.view is not None:
        await _tell_selected(session, delta)
    if others and eventgroups.ask_for_others(session.notify or ()):
        before, now = session.updates.known, await _folders(session)
        session.updates.known = now
        for number in sorted(before.keys() | now.keys(), key=lambda one: (now.get(one) or before[one]).path):
            await _tell_folder(session, before.get(number), now.get(number))
    await session.flush()


async def _tell_selected(session: Session, delta: Delta) -> None:
    group = eventgroups.of_selected(session.notify or ())
    if group is None:
        return
    view = session.selected
    last = view.uids[-1] if view.uids else 0
    # Expunges wait for a command that may tell of them; IDLE is one (RFC 5465 §6.1).
    news = await session.updates.absorb(delta, expunges=group.kind == "selected" or session.updates.idling)
    events = {event.name: event for event in group.events}
    if "FlagChange" not in events:
        news = News(news.expunged, news.exists, [entry for entry in news.changed if entry.uid > last])
    await session.updates.tell(news)
    fresh = [entry.uid for entry in news.changed if entry.uid > last and view.number(entry.uid)]
    if fresh and events["MessageNew"].fetch:
        await send(session, events["MessageNew"].fetch, fresh)


async def _tell_folder(session: Session, before: Folder | None, now: Folder | None) -> None:
    """A folder that came, went, was renamed or subscribed to, or whose messages changed."""
    events = _events(session, now or before) | _events(session, before or now)
    if before is None or now is None or before.path != now.path:
        if "MailboxName" in events:
            _tell_name(session, before, now)
    elif before.subscribed != now.subscribed and "SubscriptionChange" in events:
        _tell_name(session, None, now)
    if now is None or before is None or _is_selected(session, now) or "MessageNew" not in events:
        return
    come_or_gone = (before.uidnext, before.total, before.uidvalidity) != (now.uidnext, now.total, now.uidvalidity)
    if come_or_gone or ("FlagChange" in events and before.highestmodseq != now.highestmodseq):
        await _tell_status(session, now.path)


def _tell_name(session: Session, before: Folder | None, now: Folder | None) -> None:
    """RFC 5465 §5.4, with OLDNAME of RFC 9051 §6.3.9.7."""
    path = now.path if now else before.path if before else ""
    attributes = [] if now else ["\\NonExistent"]
    if now is not None and now.subscribed:
        attributes.append("\\Subscribed")
    old = responses.mailbox(before.path, utf8=session.utf8) if before and now else b""
    name = responses.mailbox(path, utf8=session.utf8)
    session.untagged(
        b"LIST ", responses.flags(attributes), b' "/" ', name, b' ("OLDNAME" (' + old + b"))" if old else b""
    )


async def _tell_status(session: Session, path: str) -> None:
    """Nothing if it went meanwhile, which is told as such to those who asked."""
    for found in await status.of(session, [path], _STATUS):
        status.tell(session, found, _STATUS)


def _events(session: Session, folder: Folder | None) -> frozenset[EventName]:
    return eventgroups.events_of(session.notify or (), folder)


def _is_selected(session: Session, folder: Folder) -> bool:
    return session.view is not None and session.view.mailbox_id == folder.id


async def _folders(session: Session) -> dict[int, Folder]:
    found: list[Folder] = await bridge.run(folders.listing, account_id=session.account_id)
    return {folder.id: folder for folder in found}
