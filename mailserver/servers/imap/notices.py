"""What is told of changes after NOTIFY (RFC 5465 §5)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import eventgroups, folderchanges, responses, uses
from mailserver.servers.imap.commands import status
from mailserver.servers.imap.commands.fetch import send
from mailserver.servers.imap.folderchanges import Known
from mailserver.servers.imap.grammar.events import Event, EventName
from mailserver.servers.imap.view import News
from mailserver.services import folders
from mailserver.services.flags import EntryFlags
from mailserver.services.folders import Folder
from mailserver.services.selection import Delta

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

_STATUS = ("MESSAGES", "UIDNEXT", "UIDVALIDITY", "UNSEEN")


def overflow(session: Session) -> None:
    """Something could not be told (RFC 5465 §5.8): from now on it is as after NOTIFY NONE."""
    if session.notify:
        session.notify = ()
        session.say("OK [NOTIFICATIONOVERFLOW] Something was missed; from now on you will not hear of changes.")


async def tell_changes(session: Session, delta: Delta | None, *, others: bool) -> None:
    """What the hub brought, as far as the client asked for it. `others`: look at the folders not selected too."""
    if delta is not None and session.view is not None:
        await _tell_selected(session, delta)
    if others and eventgroups.ask_for_others(session.notify or ()):
        before, now = session.updates.known, await folders_of(session)
        session.updates.known = now
        _tell_names(session, before, now)
        for number in sorted(now, key=lambda one: now[one].path):
            await _tell_messages(session, before.get(number), now[number])
    await session.flush()


async def _tell_selected(session: Session, delta: Delta) -> None:
    group = eventgroups.of_selected(session.notify or ())
    if group is not None:
        # Expunges wait for a command that may tell of them; IDLE is one (RFC 5465 §6.1).
        news = await session.updates.absorb(delta, expunges=group.kind == "selected" or session.updates.idling)
        await session.updates.tell(news)


def wanted_flags(session: Session, news: News) -> Sequence[EntryFlags]:
    """The changes of flags that the client asked for. Those of new messages stand among what it asked for of them."""
    fresh = set(news.fresh)
    changed = [entry for entry in news.changed if entry.uid not in fresh]
    if "FlagChange" in _of_selected(session):
        return changed
    session.updates.untold.update(entry.uid for entry in changed)
    return ()


async def tell_new(session: Session, news: News) -> None:
    """What the client asked for of new messages."""
    event = _of_selected(session).get("MessageNew")
    if event is not None and event.fetch and (fresh := session.selected.known(news.fresh)):
        session.updates.tell_keywords({name for entry in news.changed for name in entry.keywords})
        await send(session, event.fetch, fresh)


def _of_selected(session: Session) -> dict[EventName, Event]:
    group = eventgroups.of_selected(session.notify or ())
    return {event.name: event for event in group.events} if group is not None else {}


async def _tell_messages(session: Session, before: Folder | None, now: Folder) -> None:
    """Messages of a folder that is not selected came, went or changed (RFC 5465 §5.1-3)."""
    events = events_of(session, now)
    if is_selected(session, now) or "MessageNew" not in events:
        return
    if before is None:
        if now.uidnext > 1:
            await tell_status(session, now)
        return
    come_or_gone = (before.uidnext, before.total, before.uidvalidity) != (now.uidnext, now.total, now.uidvalidity)
    # Without CONDSTORE only UNSEEN tells anything of flags.
    changed = before.highestmodseq != now.highestmodseq if session.condstore else before.unseen != now.unseen
    if come_or_gone or ("FlagChange" in events and changed):
        await tell_status(session, now)


def _tell_names(session: Session, before: Known, now: Known) -> None:
    with_children = folderchanges.parents(now)
    told = set()
    for old, new in folderchanges.named(before, now):
        if "MailboxName" in events_of(session, new) | events_of(session, old):
            _tell_name(session, old, new, with_children)
            told.add(new)
    for number, folder in now.items():
        old = before.get(number)
        if old is None or old.subscribed == folder.subscribed or folder in told:
            continue
        if "SubscriptionChange" in events_of(session, folder) | events_of(session, old):
            _tell_name(session, None, folder, with_children)


def _tell_name(session: Session, old: Folder | None, new: Folder | None, with_children: frozenset[str]) -> None:
    """RFC 5465 §5.4, with OLDNAME of RFC 9051 §6.3.9.7."""
    folder = new or old
    if folder is None:
        return
    attributes = ["\\NonExistent"]
    if new is not None:
        attributes = ["\\HasChildren" if new.path in with_children else "\\HasNoChildren"]
        attributes += ["\\Subscribed"] if new.subscribed else []
        attributes += [uses.ATTRIBUTES[new.special_use]] if new.special_use in uses.ATTRIBUTES else []
    extended = b""
    if old is not None and new is not None and old.path != new.path:
        extended = b' ("OLDNAME" (' + responses.mailbox(old.path, utf8=session.utf8) + b"))"
    name = responses.mailbox(folder.path, utf8=session.utf8)
    session.untagged(b"LIST ", responses.flags(attributes), b' "/" ', name, extended)


async def note_own(session: Session, *paths: str) -> None:
    """The client made, renamed, deleted or subscribed to these: it needs not be told (RFC 5465 §5)."""
    if eventgroups.ask_for_others(session.notify or ()):
        now = await folders_of(session)
        for path in paths:
            session.updates.known = folderchanges.own(session.updates.known, now, path)


async def tell_status(session: Session, folder: Folder, *, modseq: bool = False) -> None:
    """Nothing if it went meanwhile, which is told as such to those who asked."""
    items = (*_STATUS, "HIGHESTMODSEQ") if modseq or session.condstore else _STATUS
    for found in await status.of(session, [folder.path], items):
        status.tell(session, found, items)


def events_of(session: Session, folder: Folder | None) -> frozenset[EventName]:
    return eventgroups.events_of(session.notify or (), folder)


def is_selected(session: Session, folder: Folder) -> bool:
    return session.view is not None and session.view.mailbox_id == folder.id


async def folders_of(session: Session) -> dict[int, Folder]:
    found: list[Folder] = await bridge.run(folders.listing, account_id=session.account_id)
    return {folder.id: folder for folder in found}
