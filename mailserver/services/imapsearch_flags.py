"""Searches of a large folder by nothing but flags, answered from the picture of its flags that the process has."""

from __future__ import annotations

from itertools import compress

from mailserver.mail.searchkeys import All, And, HasFlag, Key, Not, Or
from mailserver.services import flagpicture
from mailserver.services.flags import BITS

# In a smaller folder SQL is as quick.
LEAST = 1000


def fits(total: int, key: Key) -> bool:
    """Whether a folder of so many messages is searched by flags alone."""
    return LEAST <= total <= flagpicture.MOST and _of_flags(key)


def find(account_id: int, mailbox_id: int, key: Key) -> list[int]:
    """The UIDs of the messages that match, ascending. Raises NotFound."""
    picture = flagpicture.picture(account_id, mailbox_id)
    wanted = [_holds(key, flags, {name.lower() for name in names}) for flags, names in picture.kinds]
    return list(compress(picture.uids, map(wanted.__getitem__, picture.codes)))


def _of_flags(key: Key) -> bool:
    match key:
        case HasFlag() | All():
            return True
        case Not(inner):
            return _of_flags(inner)
        case Or(one, other):
            return _of_flags(one) and _of_flags(other)
        case And(keys):
            return all(map(_of_flags, keys))
    return False


def _holds(key: Key, flags: int, keywords: set[str]) -> bool:
    """Whether messages with these flags match."""
    match key:
        case HasFlag(name, on):
            bit = BITS.get(name.lower())
            return (name.lower() in keywords if bit is None else bool(flags & bit)) == on
        case Not(inner):
            return not _holds(inner, flags, keywords)
        case Or(one, other):
            return _holds(one, flags, keywords) or _holds(other, flags, keywords)
        case And(keys):
            return all(_holds(one, flags, keywords) for one in keys)
    return True
