"""Which events of NOTIFY (RFC 5465) are asked for about a folder. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from mailserver.servers.imap.grammar.events import EventGroup, EventName
from mailserver.services.folders import Folder

_SELECTED = ("selected", "selected-delayed")


def of_selected(groups: Iterable[EventGroup]) -> EventGroup | None:
    """The group about the selected mailbox."""
    return next((group for group in groups if group.kind in _SELECTED and group.events), None)


def ask_for_others(groups: Iterable[EventGroup]) -> bool:
    """Whether something is asked for about folders that are not selected."""
    return any(group.events for group in groups if group.kind not in _SELECTED)


def events_of(groups: Iterable[EventGroup], folder: Folder | None) -> frozenset[EventName]:
    """What is asked for about a folder: by all groups that hold it (RFC 5465 §6), nothing where one says NONE."""
    if folder is None:
        return frozenset()
    holding = [group for group in groups if group.kind not in _SELECTED and _holds(group, folder)]
    if not all(group.events for group in holding):
        return frozenset()
    return frozenset(event.name for group in holding for event in group.events)


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
