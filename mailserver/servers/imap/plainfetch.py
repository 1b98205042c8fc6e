"""FETCH of nothing but flags, dates and sizes, as mail programs ask of a whole mailbox: written column by column."""

from __future__ import annotations

import asyncio
import functools
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

from mailserver.mail.numbersets import Runs
from mailserver.servers import bridge
from mailserver.servers.imap import responses
from mailserver.servers.imap.fetchplan import Plan
from mailserver.servers.imap.grammar.attributes import Attribute
from mailserver.servers.imap.view import View
from mailserver.services import columns, flagpicture
from mailserver.services.columns import EPOCH, Columns
from mailserver.services.flags import names_of

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

# Messages read and written at once. Some 40 KB: with five times as much the buffer of a connection was full or empty,
# and server and client waited for each other in turns (85-199 ms for 100,000 flags where it is 70-80 now).
_READ, _WRITTEN = 50_000, 1_000
# From so many on flags are taken from a picture of the folder.
_MANY = 1_000
# The day that EPOCH begins, and what a clock can show.
_EPOCH_DAY = date(1970, 1, 1).toordinal() + EPOCH // 86400
_MINUTES = [b"%02d:%02d" % divmod(minute, 60) for minute in range(1440)]
_SECONDS = [b"%02d" % second for second in range(60)]
# Item → the column, and how it is written.
_ITEMS = {
    "UID": ("uid", b"UID %d"),
    "FLAGS": ("flags", b"FLAGS %b"),
    "MODSEQ": ("modseq", b"MODSEQ (%d)"),
    "INTERNALDATE": ("at", b'INTERNALDATE "%b %b:%b +0000"'),
    "RFC822.SIZE": ("size", b"RFC822.SIZE %d"),
}


def fits(plan: Plan) -> bool:
    """Whether nothing else is asked for."""
    return all(isinstance(item, Attribute) and item.name in _ITEMS for item in plan.items)


def fields(plan: Plan) -> frozenset[str]:
    """The columns it takes."""
    return frozenset(_ITEMS[item.name][0] for item in plan.items if isinstance(item, Attribute))


async def send(session: Session, plan: Plan, uids: Sequence[int]) -> Sequence[int]:
    """Write and send the responses; the UIDs that are left, from where some turned out to have been expunged."""
    view, wanted = session.selected, fields(plan)
    read = _with_picture if _pictured(view, wanted, len(uids)) else columns.columns
    for at in range(0, len(uids), _READ):
        asked = uids[at : at + _READ]
        found: Columns = await bridge.run(
            read, account_id=session.account_id, mailbox_id=view.mailbox_id, uids=asked, fields=wanted
        )
        if len(found.uids) < len(asked):
            return uids[at:]
        await say(session, plan, found)
    return ()


def _pictured(view: View, wanted: frozenset[str], count: int) -> bool:
    """Whether flags are asked of so much of the folder that a picture of all of it is worth its time."""
    return (
        "flags" in wanted
        and "modseq" not in wanted
        and count >= max(_MANY, view.exists // 4)
        and view.exists <= flagpicture.MOST
    )


def _with_picture(account_id: int, mailbox_id: int, uids: Sequence[int], fields: frozenset[str]) -> Columns:
    """As `columns`, the flags from the picture that the process has of the folder."""
    picture = flagpicture.picture(account_id, mailbox_id)
    codes = picture.codes_of(uids)
    others = fields - {"uid", "flags"}
    if codes is None:
        return columns.columns(account_id, mailbox_id, uids, fields)
    if not others:
        return Columns({"uid": array("i", uids), "code": codes}, [], picture.kinds)
    found = columns.columns(account_id, mailbox_id, uids, others)
    if len(found.uids) < len(uids):
        return found
    return Columns(found.fields | {"code": codes}, [], picture.kinds)


async def say(session: Session, plan: Plan, found: Columns) -> None:
    """Write and send the responses of messages that the session's view has."""
    for start in range(0, len(found.uids), _WRITTEN):
        session.connection.say(write(plan, session.selected, found.part(start, start + _WRITTEN), session.recents))
        await session.flush()
        # The others' turn.
        await asyncio.sleep(0)


def write(plan: Plan, view: View, found: Columns, recents: Runs) -> bytes:
    """The responses; of 1,000 messages they take 0.7 ms."""
    names = [item.name for item in plan.items if isinstance(item, Attribute)]
    form = b"* %d FETCH (" + b" ".join(_ITEMS[name][1] for name in names) + b")\r\n"
    values: list[Iterable[int | bytes]] = [numbers(view, found.uids)]
    for name in names:
        if name == "FLAGS":
            values.append(_flags(found, recents))
        elif name == "INTERNALDATE":
            values += _dates(found.fields["at"])
        else:
            values.append(found.fields[_ITEMS[name][0]])
    # As one form, which is a quarter quicker than one after the other.
    return form * len(found.uids) % tuple(chain.from_iterable(zip(*values, strict=True)))


def numbers(view: View, uids: array[int]) -> Sequence[int]:
    """The number of each of the messages, which are there."""
    first = bisect_left(view.uids, uids[0]) if uids else 0
    if view.uids[first : first + len(uids)] == uids:
        return range(first + 1, first + 1 + len(uids))
    return [view.number(uid) for uid in uids]


def _flags(found: Columns, recents: Runs) -> list[bytes]:
    """Each combination is written once."""
    runs = [(bisect_left(found.uids, low), bisect_right(found.uids, high)) for low, high in recents]
    if "code" in found.fields:
        codes = found.fields["code"]
        plain, fresh = ({code: written(*found.kinds[code], recent) for code in set(codes)} for recent in (False, True))
        said = list(map(plain.__getitem__, codes))
        for first, end in runs:
            said[first:end] = map(fresh.__getitem__, codes[first:end])
        return said
    recent = [False] * len(found.uids)
    for first, end in runs:
        recent[first:end] = [True] * (end - first)
    return list(map(written, found.fields["flags"], found.keywords, recent))


@functools.lru_cache(maxsize=4096)
def written(flags: int, keywords: tuple[str, ...], recent: bool) -> bytes:
    """`(\\Seen batter)`."""
    return responses.flags([*names_of(flags, keywords), *(["\\Recent"] if recent else [])])


def _dates(moments: array[int]) -> list[Iterable[int | bytes]]:
    """Day, hour with minute, and second of each."""
    seconds = [moment // 1_000_000 for moment in moments]
    return [
        list(map(responses.day, [second // 86400 + _EPOCH_DAY for second in seconds])),
        [_MINUTES[second % 86400 // 60] for second in seconds],
        [_SECONDS[second % 60] for second in seconds],
    ]
