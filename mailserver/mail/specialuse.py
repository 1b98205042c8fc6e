"""What a folder of another server is for, and what it is to be called here."""

from __future__ import annotations

from collections.abc import Collection, Iterable

# RFC 6154 §2; \Inbox and \Spam, \AllMail, \Starred are those of XLIST, which came before it.
_BY_ATTRIBUTE = {
    "\\inbox": "inbox",
    "\\sent": "sent",
    "\\drafts": "drafts",
    "\\trash": "trash",
    "\\junk": "junk",
    "\\spam": "junk",
    "\\archive": "archive",
    "\\all": "all",
    "\\allmail": "all",
    "\\flagged": "view",
    "\\starred": "view",
    "\\important": "view",
}
# What servers and programs call these folders where nobody says what they are for.
_BY_NAME = {
    "sent": "sent",
    "sent items": "sent",
    "sent mail": "sent",
    "sent messages": "sent",
    "draft": "drafts",
    "drafts": "drafts",
    "trash": "trash",
    "deleted items": "trash",
    "deleted messages": "trash",
    "bin": "trash",
    "junk": "junk",
    "junk e-mail": "junk",
    "junk email": "junk",
    "spam": "junk",
    "bulk mail": "junk",
    "archive": "archive",
    "archives": "archive",
}
_UNSELECTABLE = {"\\noselect", "\\nonexistent"}
_ROOTS = {"[gmail]", "[google mail]"}
_MAX_DEPTH, _MAX_LENGTH = 10, 255


def is_selectable(attributes: Iterable[str]) -> bool:
    """Whether the folder can hold messages (RFC 9051 §7.3.1)."""
    return not _UNSELECTABLE & {attribute.lower() for attribute in attributes}


def by_attribute(attributes: Iterable[str]) -> str:
    """inbox, sent, drafts, trash, junk, archive; `all` for every message, `view` for a choice of them; or ""."""
    return next((_BY_ATTRIBUTE[name] for name in map(str.lower, attributes) if name in _BY_ATTRIBUTE), "")


def by_name(name: str, taken: Collection[str] = ()) -> str:
    """What the name says, when no folder in `taken` (uses) is for it already."""
    use = "inbox" if name.upper() == "INBOX" else _BY_NAME.get(local_path(name).casefold(), "")
    return use if use not in taken else ""


def local_path(name: str) -> str:
    """The folder's name as a path of ours: no INBOX or [Gmail] in front, no character that a name cannot hold."""
    levels = [_level(level) for level in name.split("/")]
    if len(levels) > 1 and (levels[0].upper() == "INBOX" or levels[0].casefold() in _ROOTS):
        levels = levels[1:]
    if levels[0].upper() == "INBOX":
        levels[0] = "Inbox elsewhere"
    if len(levels) > _MAX_DEPTH:
        levels = [*levels[: _MAX_DEPTH - 1], "-".join(levels[_MAX_DEPTH - 1 :])]
    return "/".join(levels)[:_MAX_LENGTH].rstrip("/ ") or "_"


def _level(level: str) -> str:
    clean = "".join("_" if char in "%*\\" or not char.isprintable() else char for char in level).strip()
    return clean or "_"
