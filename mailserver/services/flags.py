"""Flags and keywords of messages by the names mail programs give them; the page's labels are keywords too."""

from __future__ import annotations

import functools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from mailserver.errors import InvalidName, NotFound, TooManyKeywords
from mailserver.mail.numbersets import Runs, runs_of
from mailserver.services import spamlessons
from mailserver.store import entrysets
from mailserver.store.entrysets import Flagged, Marks
from mailserver.store.models import Label, MailboxMessage
from mailserver.store.models.mailbox import Flag
from mailserver.store.writer import MailboxWriter, writing

Mode: TypeAlias = Literal["add", "remove", "replace"]

SYSTEM: Final[Mapping[str, Flag]] = {
    "\\Seen": Flag.SEEN,
    "\\Answered": Flag.ANSWERED,
    "\\Flagged": Flag.FLAGGED,
    "\\Deleted": Flag.DELETED,
    "\\Draft": Flag.DRAFT,
}
# The IANA registry of IMAP keywords; kept as bits like the system flags.
REGISTERED: Final[Mapping[str, Flag]] = {
    "$Forwarded": Flag.FORWARDED,
    "$MDNSent": Flag.MDN_SENT,
    "$Junk": Flag.JUNK,
    "$NotJunk": Flag.NOT_JUNK,
}
_NAMED: Final = {**SYSTEM, **REGISTERED}
_BITS: Final = {name.lower(): bit for name, bit in _NAMED.items()}

MAX_KEYWORDS: Final = 200
MAX_OCTETS: Final = 200
# Of keywords, that are remembered for an account.
MAX_COMBINATIONS: Final = 1000
# What mail programs note for themselves; nobody wants to see it as a label.
_UNSHOWN: Final = {"junk", "notjunk", "nonjunk", "junkrecorded", "old"}


class EntryFlags(NamedTuple):
    """The flags (bits) and keywords of a message. A tuple: 100,000 of them take a third of a dataclass's time."""

    uid: int
    flags: int
    keywords: tuple[str, ...]
    modseq: int

    @property
    def names(self) -> tuple[str, ...]:
        """All of them as mail programs know them."""
        return names_of(self.flags, self.keywords)


@dataclass(frozen=True, slots=True)
class Stored:
    """What a change of flags did: entries that are different now, those that were too new, the modseq after it."""

    changed: list[EntryFlags]
    refused: Runs
    modseq: int


@functools.lru_cache(maxsize=4096)
def names_of(flags: int, keywords: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Bits and keywords as names."""
    return (*(name for name, bit in _NAMED.items() if flags & bit), *keywords)


class Keywords:
    """The keywords of an account by the number entries have for them; asked for when there is one not known yet.

    A number never changes its meaning.
    """

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._names: dict[int, str] = {}
        self._known: dict[tuple[int, ...], tuple[str, ...]] = {}

    def of(self, ids: Sequence[int] | None) -> tuple[str, ...]:
        """The keywords of an entry."""
        if not ids:
            return ()
        key = tuple(ids)
        found = self._known.get(key)
        return self._learnt(key) if found is None else found

    def _learnt(self, key: tuple[int, ...]) -> tuple[str, ...]:
        if not self._names.keys() >= set(key):
            self._names = dict(Label.objects.filter(account_id=self._account_id).values_list("id", "keyword"))
        if len(self._known) >= MAX_COMBINATIONS:
            self._known.clear()
        self._known[key] = tuple(self._names[one] for one in key if one in self._names)
        return self._known[key]


@functools.lru_cache(maxsize=1000)
def keywords_of(account_id: int) -> Keywords:
    """The same for all sessions of a process."""
    return Keywords(account_id)


def store(
    account_id: int,
    mailbox_id: int,
    runs: Runs,
    *,
    names: Sequence[str],
    mode: Mode,
    unchanged_since: int | None = None,
) -> Stored:
    """Change flags and keywords of messages; those above `unchanged_since` are left alone (RFC 7162 §3.1.3).

    Raises NotFound, InvalidName, TooManyKeywords.
    """
    bits, ids = resolve(account_id, names, make=mode != "remove")
    with writing([mailbox_id]) as writer:
        if writer.boxes[mailbox_id].account_id != account_id:
            raise NotFound("There is no such folder.")
        refused = () if unchanged_since is None else entrysets.newer(mailbox_id, runs, unchanged_since)
        changed = writer.mark(mailbox_id, runs, _marks(mode, bits, ids), unchanged_since=unchanged_since)
        _teach(writer, mailbox_id, changed)
        modseq = writer.boxes[mailbox_id].highestmodseq
    keywords = keywords_of(account_id)
    now = [EntryFlags(one.uid, one.flags, keywords.of(one.keywords), modseq) for one in changed]
    return Stored(now, runs_of(refused), modseq)


def resolve(account_id: int, names: Iterable[str], *, make: bool) -> tuple[int, tuple[int, ...]]:
    """Names as bits and Label ids; keywords nobody used yet are made, or left out.

    In a transaction of its own: one who holds a folder must not wait for one who waits for that folder. Raises
    InvalidName, TooManyKeywords.
    """
    bits, keywords = 0, dict[str, str]()
    for name in names:
        if name.lower() in _BITS:
            bits |= _BITS[name.lower()]
        elif not name or name.startswith("\\") or len(name.encode()) > MAX_OCTETS:
            raise InvalidName(f"There is no flag {name[:MAX_OCTETS]}.")
        else:
            keywords.setdefault(name.lower(), name)
    if not keywords:
        return bits, ()
    known = _known(account_id)
    missing = {key: name for key, name in keywords.items() if key not in known}
    if missing and make:
        if len(known) + len(missing) > MAX_KEYWORDS:
            raise TooManyKeywords(f"An account can have {MAX_KEYWORDS} keywords.")
        _make(account_id, missing)
        known = _known(account_id)
    return bits, tuple(sorted(known[key] for key in keywords if key in known))


def _known(account_id: int) -> dict[str, int]:
    rows = Label.objects.filter(account_id=account_id).values_list("keyword", "id")
    return {keyword.lower(): number for keyword, number in rows}


def _make(account_id: int, keywords: Mapping[str, str]) -> None:
    Label.objects.bulk_create(
        [
            Label(
                account_id=account_id,
                keyword=name,
                name=name,
                shown=not name.startswith("$") and key not in _UNSHOWN,
            )
            for key, name in keywords.items()
        ],
        ignore_conflicts=True,
    )


def marks(account_id: int, names: Iterable[str]) -> Marks:
    """The flags of a message that comes in. Raises InvalidName, TooManyKeywords."""
    bits, ids = resolve(account_id, names, make=True)
    return Marks(set=bits, put=ids)


def _marks(mode: Mode, bits: int, ids: tuple[int, ...]) -> Marks:
    if mode == "remove":
        return Marks(clear=bits, take=ids)
    return Marks(set=bits, put=ids, replace=mode == "replace")


def _teach(writer: MailboxWriter, mailbox_id: int, changed: Sequence[Flagged]) -> None:
    """Messages called spam or good."""
    for flag in (int(Flag.JUNK), int(Flag.NOT_JUNK)):
        uids = [one.uid for one in changed if one.flags & ~one.before & flag]
        if uids:
            rows = MailboxMessage.objects.filter(mailbox_id=mailbox_id, uid__in=uids)
            ids = rows.values_list("message_id", flat=True)
            spamlessons.flagged(writer.boxes[mailbox_id], ids, junk=flag == Flag.JUNK)
