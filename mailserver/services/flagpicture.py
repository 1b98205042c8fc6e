"""The flags of all messages of large folders: once in a process, for all its sessions, while there is room for them.

A picture is true for one modseq. Who asks for it later has it brought up to date first, by one statement that reads
what changed since and nothing else: mail programs ask for all flags again and again, and few have changed.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Final

from mailserver.errors import NotFound
from mailserver.mail.numbersets import Runs
from mailserver.services.flags import keywords_of
from mailserver.store import walks
from mailserver.store.exchange import Value
from mailserver.store.fields import to_runs
from mailserver.store.packed import unpacked

# Messages of all pictures of a process: 6 octets each.
MOST: Final = 2_000_000
# If more have changed it is as quick to read all anew.
CHANGES: Final = 2000
# Combinations of flags and keywords of one folder; a number of two octets tells which a message has.
KINDS: Final = 60_000

# $1 mailbox, $2 account.
_BOX: Final = "FROM mailbox b WHERE b.id = $1::bigint AND b.account_id + 0 = $2::bigint"
_WHOLE: Final = f"""
SELECT b.uidvalidity, b.highestmodseq, e.keywords, e.uids, e.flags FROM (SELECT * {_BOX}) b LEFT JOIN LATERAL (
    SELECT w.keywords, string_agg(int4send(w.uid), '') AS uids, string_agg(int2send(w.flags), '') AS flags FROM (
        SELECT x.uid, x.flags, x.keywords FROM mailboxmessage x WHERE x.mailbox_id = $1::bigint
        ORDER BY x.uid OFFSET 0) w GROUP BY 1) e ON true
"""  # noqa: S608
# Above the modseq $3, as `selection.DELTA`; no entries when there are more than $4.
_SINCE: Final = f"""
WITH c AS MATERIALIZED (
    SELECT h.uids FROM change h WHERE h.mailbox_id = $1::bigint AND h.modseq > $3::bigint
), r AS MATERIALIZED (
    SELECT unnest(range_agg(c.uids)) AS run FROM c
), n AS MATERIALIZED (
    SELECT coalesce(sum(upper(r.run) - lower(r.run)), 0) AS many FROM r
)
SELECT b.uidvalidity, b.highestmodseq, (SELECT count(*) FROM c), (SELECT n.many::bigint FROM n),
       (SELECT range_agg(int4range(v.uid, v.uid + 1)) FROM vanished v
        WHERE v.mailbox_id = $1::bigint AND v.modseq > $3::bigint), NULL::int, NULL::smallint, NULL::int[] {_BOX}
UNION ALL
SELECT NULL, NULL, NULL, NULL, NULL, e.uid, e.flags, e.keywords FROM n, r, LATERAL (
    SELECT x.uid, x.flags, x.keywords, x.modseq FROM mailboxmessage x
    WHERE x.mailbox_id = $1::bigint AND x.uid >= lower(r.run) AND x.uid < upper(r.run) ORDER BY x.uid OFFSET 0) e
WHERE n.many <= $4::bigint AND e.modseq > $3::bigint
"""  # noqa: S608

# Flags, and ids of keywords.
_Ids = tuple[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Picture:
    """Of all messages, by UID: `codes` are places in `kinds`, as (flags, keywords by name). Nobody changes it."""

    uidvalidity: int
    modseq: int
    uids: array[int]
    codes: array[int]
    ids: tuple[_Ids, ...]
    kinds: tuple[tuple[int, tuple[str, ...]], ...]

    def codes_of(self, uids: Sequence[int]) -> array[int] | None:
        """The codes of these messages (ascending); None if one is not there."""
        if not uids:
            return array("H")
        first, end = bisect_left(self.uids, uids[0]), bisect_right(self.uids, uids[-1])
        if end - first == len(uids) and self.uids[first:end].tobytes() == array("i", uids).tobytes():
            return self.codes[first:end]
        places = dict(zip(self.uids[first:end], self.codes[first:end], strict=True))
        found = array("H", [places[uid] for uid in uids if uid in places])
        return found if len(found) == len(uids) else None


class Pictures:
    """Those of a process. Used by several threads; two of them may make the same picture at once."""

    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._held: OrderedDict[int, Picture] = OrderedDict()
        self._count = 0
        self._lock = Lock()

    def get(self, mailbox_id: int) -> Picture | None:
        with self._lock:
            if mailbox_id in self._held:
                self._held.move_to_end(mailbox_id)
            return self._held.get(mailbox_id)

    def keep(self, mailbox_id: int, picture: Picture) -> None:
        """Those not asked for the longest time make room."""
        with self._lock:
            self._drop(mailbox_id)
            self._held[mailbox_id] = picture
            self._count += len(picture.uids)
            while self._count > self._most:
                self._drop(next(iter(self._held)))

    def _drop(self, mailbox_id: int) -> None:
        if mailbox_id in self._held:
            self._count -= len(self._held.pop(mailbox_id).uids)


_pictures = Pictures()


def picture(account_id: int, mailbox_id: int) -> Picture:
    """The flags of a folder as they are now. Raises NotFound."""
    held = _pictures.get(mailbox_id)
    made = _up_to_date(held, account_id, mailbox_id) if held is not None else None
    made = made or _whole(account_id, mailbox_id)
    if made is not held and len(made.ids) <= KINDS:
        _pictures.keep(mailbox_id, made)
    return made


def _whole(account_id: int, mailbox_id: int) -> Picture:
    rows = _asked(_WHOLE, [mailbox_id, account_id])
    kinds: dict[_Ids, int] = {}
    groups: list[tuple[array[int], array[int]]] = []
    for _, _, keywords, uids, flags in rows:
        numbers = unpacked("int2", flags)
        codes = {one: kinds.setdefault((one, tuple(keywords or ())), len(kinds)) for one in sorted(set(numbers))}
        groups.append((unpacked("int4", uids), array("H", map(codes.__getitem__, numbers))))
    return _drawn(account_id, rows[0][:2], *_merged(groups), tuple(kinds))


def _merged(groups: Sequence[tuple[array[int], array[int]]]) -> tuple[array[int], array[int]]:
    """The groups, each by UID, as one."""
    if len(groups) == 1:
        return groups[0]
    both = sorted(uid << 16 | code for uids, codes in groups for uid, code in zip(uids, codes, strict=True))
    return array("i", [one >> 16 for one in both]), array("H", [one & 0xFFFF for one in both])


def _up_to_date(held: Picture, account_id: int, mailbox_id: int) -> Picture | None:
    """None if it is as well to make it anew."""
    box, *rows = sorted(_asked(_SINCE, [mailbox_id, account_id, held.modseq, CHANGES]), key=lambda row: row[0] is None)
    uidvalidity, modseq, changes, many, vanished = box[:5]
    if (uidvalidity, modseq) == (held.uidvalidity, held.modseq):
        return held
    gone = to_runs(vanished)
    # Changes that were tidied away are missing in the count.
    if uidvalidity != held.uidvalidity or changes != modseq - held.modseq or max(many, len(gone)) > CHANGES:
        return None
    changed = [(uid, (flags, tuple(keywords or ()))) for *_, uid, flags, keywords in rows]
    kinds = dict.fromkeys([*held.ids, *(kind for _, kind in changed)])
    numbers = {kind: number for number, kind in enumerate(kinds)}
    uids, codes = held.uids[:], held.codes[:]
    if len(kinds) > KINDS or not _put(uids, codes, [(uid, numbers[kind]) for uid, kind in sorted(changed)]):
        return None
    _take(uids, codes, gone)
    return _drawn(account_id, (uidvalidity, modseq), uids, codes, tuple(kinds))


def _put(uids: array[int], codes: array[int], changed: Iterable[tuple[int, int]]) -> bool:
    """False when there is a message that can neither have been there nor be new."""
    for uid, code in changed:
        at = bisect_left(uids, uid)
        if at == len(uids):
            uids.append(uid)
            codes.append(code)
        elif uids[at] == uid:
            codes[at] = code
        else:
            return False
    return True


def _take(uids: array[int], codes: array[int], gone: Runs) -> None:
    for low, high in gone:
        first, end = bisect_left(uids, low), bisect_right(uids, high)
        del uids[first:end], codes[first:end]


def _drawn(
    account_id: int, state: tuple[int, int], uids: array[int], codes: array[int], ids: tuple[_Ids, ...]
) -> Picture:
    names = keywords_of(account_id)
    return Picture(*state, uids, codes, ids, tuple((flags, names.of(keywords)) for flags, keywords in ids))


def _asked(statement: str, values: Sequence[Value]) -> list[tuple[Any, ...]]:
    """The rows, of which there is at least one. Raises NotFound."""
    rows = list(walks.ask(statement, values))
    if not rows:
        raise NotFound("There is no such folder.")
    return rows
