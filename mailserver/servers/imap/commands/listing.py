"""LIST, LSUB, XLIST (RFC 9051 §6.3.9, RFC 5258, 6154, 5819; LSUB of RFC 3501 §6.3.9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from mailserver.servers import bridge
from mailserver.servers.imap import responses, uses
from mailserver.servers.imap.commands import status
from mailserver.servers.imap.grammar import mailboxcommands as commands
from mailserver.servers.imap.patterns import Matcher, matcher
from mailserver.servers.imap.responses import Done
from mailserver.services import folders, subscriptions
from mailserver.services.folders import Folder

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

_SEPARATOR = b' "/" '


@dataclass(frozen=True, slots=True)
class _Name:
    """A folder, or a name that is subscribed to and has no folder (any more)."""

    path: str
    folder: Folder | None
    subscribed: bool
    has_children: bool


async def list_mailboxes(session: Session, command: commands.List) -> Done:
    if not command.extended and command.patterns == ("",):
        session.untagged(b'LIST (\\Noselect) "/" ""')
        return Done("That is the separator.")
    names = await _names(session)
    matches = matcher(command.reference, command.patterns)
    shown = [(name, line) for name in names if (line := _line(name, names, command, matches)) is not None]
    for name, (attributes, below) in shown:
        extended = b' ("CHILDINFO" ("SUBSCRIBED"))' if below else b""
        _say(session, b"LIST", attributes, name.path, extended)
    if command.status:
        # RFC 5819 §2: nothing for names that stand for what is below them, or for none.
        paths = [name.path for name, _ in shown if name.folder is not None and _chosen(name, command)]
        for found in await status.of(session, paths, command.status):
            status.tell(session, found, command.status)
    return Done("That is all.")


async def list_subscribed(session: Session, command: commands.Lsub) -> Done:
    """`%` also shows the levels above a subscribed folder, as \\Noselect (RFC 3501 §6.3.9)."""
    names = await _names(session)
    matches = matcher(command.reference, (command.pattern,))
    subscribed = {name.path for name in names if name.subscribed}
    shown: dict[str, tuple[str, ...]] = {path: () for path in subscribed if matches(path)}
    if command.pattern.endswith("%"):
        for path in subscribed:
            for above in _levels_above(path):
                if above not in subscribed and matches(above):
                    shown[above] = ("\\Noselect",)
    for path in sorted(shown, key=str.casefold):
        _say(session, b"LSUB", list(shown[path]), path)
    return Done("That is all.")


async def list_with_uses(session: Session, command: commands.Xlist) -> Done:
    names = await _names(session)
    matches = matcher(command.reference, (command.pattern,))
    for name in names:
        if name.folder is None or not matches(name.path):
            continue
        attributes = [_children(name)]
        if name.folder.special_use in uses.XLIST:
            attributes.append(uses.XLIST[name.folder.special_use])
        _say(session, b"XLIST", attributes, name.path)
    return Done("That is all.")


async def _names(session: Session) -> list[_Name]:
    found: list[Folder] = await bridge.run(folders.listing, account_id=session.account_id)
    lost: list[str] = await bridge.run(subscriptions.without_folder, account_id=session.account_id)
    with_children = {above for folder in found for above in _levels_above(folder.path)}
    names = [_Name(one.path, one, one.subscribed, one.path in with_children) for one in found]
    names += [_Name(path, None, True, path in with_children) for path in lost]
    return sorted(names, key=lambda name: (name.path != "INBOX", name.path.casefold()))


def _levels_above(path: str) -> list[str]:
    levels = path.split("/")
    return ["/".join(levels[:depth]) for depth in range(1, len(levels))]


def _line(
    name: _Name, names: Sequence[_Name], command: commands.List, matches: Matcher
) -> tuple[list[str], bool] | None:
    """The attributes, and whether something subscribed lies below; None when the name is not to be shown."""
    if not matches(name.path):
        return None
    chosen = _chosen(name, command)
    below = "RECURSIVEMATCH" in command.selection and any(
        one.path.startswith(f"{name.path}/") and _chosen(one, command) and not matches(one.path) for one in names
    )
    if not chosen and not below:
        return None
    return _attributes(name, command, chosen=chosen), below


def _chosen(name: _Name, command: commands.List) -> bool:
    if "SUBSCRIBED" in command.selection and not name.subscribed:
        return False
    if "SPECIAL-USE" in command.selection and (name.folder is None or name.folder.special_use not in uses.ATTRIBUTES):
        return False
    return name.folder is not None or "SUBSCRIBED" in command.selection


def _attributes(name: _Name, command: commands.List, *, chosen: bool) -> list[str]:
    found = []
    if name.folder is None:
        found.append("\\NonExistent")
    elif not command.extended or "CHILDREN" in command.returns or not command.returns:
        found.append(_children(name))
    if name.subscribed and chosen and ("SUBSCRIBED" in command.returns or "SUBSCRIBED" in command.selection):
        found.append("\\Subscribed")
    if name.folder is not None and name.folder.special_use in uses.ATTRIBUTES:
        found.append(uses.ATTRIBUTES[name.folder.special_use])
    return found


def _children(name: _Name) -> str:
    return "\\HasChildren" if name.has_children else "\\HasNoChildren"


def _say(session: Session, word: bytes, attributes: Sequence[str], path: str, extended: bytes = b"") -> None:
    name = responses.mailbox(path, utf8=session.utf8)
    session.untagged(word, b" ", responses.flags(attributes), _SEPARATOR, name, extended)
