"""Flags and keywords of messages by the names mail programs give them; the page's labels are keywords too."""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple, TypeAlias

from django.db import transaction

from mailserver.errors import InvalidName, TooManyKeywords
from mailserver.mail.keywords import look
from mailserver.mail.numbersets import Runs
from mailserver.services import spamlessons
from mailserver.store import marking
from mailserver.store.entrysets import Marks
from mailserver.store.marking import Group
from mailserver.store.models import Label, Mailbox, MailboxMessage
from mailserver.store.models.mailbox import Flag

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
# By their names, which are compared without regard to case (RFC 9051 §2.3.2).
BITS: Final = {name.lower(): bit for name, bit in _NAMED.items()}

MAX_KEYWORDS: Final = 200
MAX_OCTETS: Final = 200
# Of keywords, that are remembered for an account.
MAX_COMBINATIONS: Final = 1000
# How mail programs call a message spam or good. Thunderbird knows only names that are not registered.
_CALLED: Final = {Flag.JUNK: {"$junk", "junk"}, Flag.NOT_JUNK: {"$notjunk", "nonjunk", "notjunk"}}


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

    groups: Sequence[tuple[tuple[str, ...], Group]]
    refused: Runs
    modseq: int

    @property
    def count(self) -> int:
        """How many are different."""
        return sum(len(group.uids) for _, group in self.groups)

    @property
    def keywords(self) -> set[str]:
        """Of those that are different."""
        return {name for names, _ in self.groups for name in names}

    @property
    def changed(self) -> list[EntryFlags]:
        """Those that are different, by UID."""
        return sorted(
            EntryFlags(uid, flags, names, self.modseq)
            for names, group in self.groups
            for uid, flags in zip(group.uids, group.flags, strict=True)
        )


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
    bits, ids, labels = _resolved(account_id, names, make=mode != "remove")
    said = {name.lower() for name in names} if mode != "remove" else set()
    teaches = _teaches(mailbox_id, runs, said)
    # Nested it would take savepoints, and COMMIT an exchange of its own.
    with transaction.atomic() if teaches else nullcontext():
        marked = marking.mark(
            account_id,
            mailbox_id,
            runs,
            _marks(mode, bits, ids),
            labels=labels,
            unchanged_since=unchanged_since,
            last=not teaches,
        )
        if teaches:
            _teach(mailbox_id, marked.groups, said)
    keywords = keywords_of(account_id)
    return Stored([(keywords.of(one.keywords), one) for one in marked.groups], marked.refused, marked.modseq)


def resolve(account_id: int, names: Iterable[str], *, make: bool) -> tuple[int, tuple[int, ...]]:
    """Names as bits and Label ids; keywords nobody used yet are made, or left out.

    In a transaction of its own: one who holds a folder must not wait for one who waits for that folder. Raises
    InvalidName, TooManyKeywords.
    """
    return _resolved(account_id, names, make=make)[:2]


def _resolved(account_id: int, names: Iterable[str], *, make: bool) -> tuple[int, tuple[int, ...], bool]:
    """The same, and whether conversation lines show one of the keywords."""
    bits, keywords = 0, dict[str, str]()
    for name in names:
        if name.lower() in BITS:
            bits |= BITS[name.lower()]
        elif not name or name.startswith("\\") or len(name.encode()) > MAX_OCTETS:
            raise InvalidName(f"There is no flag {name[:MAX_OCTETS]}.")
        else:
            keywords.setdefault(name.lower(), name)
    if not keywords:
        return bits, (), False
    known = _known(account_id)
    missing = {key: name for key, name in keywords.items() if key not in known}
    if missing and make:
        if len(known) + len(missing) > MAX_KEYWORDS:
            raise TooManyKeywords(f"An account can have {MAX_KEYWORDS} keywords.")
        _make(account_id, missing)
        known = _known(account_id)
    meant = [known[key] for key in keywords if key in known]
    return bits, tuple(sorted(number for number, _ in meant)), any(shown for _, shown in meant)


def _known(account_id: int) -> dict[str, tuple[int, bool]]:
    rows = Label.objects.filter(account_id=account_id).values_list("keyword", "id", "shown")
    return {keyword.lower(): (number, shown) for keyword, number, shown in rows}


def _make(account_id: int, keywords: Mapping[str, str]) -> None:
    Label.objects.bulk_create([_label(account_id, name) for name in keywords.values()], ignore_conflicts=True)


def _label(account_id: int, keyword: str) -> Label:
    found = look(keyword)
    label = Label(account_id=account_id, keyword=keyword, name=found.name, shown=found.shown)
    if found.hue is not None:
        label.hue = found.hue
    return label


def all_known(names: Iterable[str]) -> bool:
    """Whether these are flags that every account has, so that nothing is to be asked."""
    return all(name.lower() in BITS for name in names)


def marks(account_id: int, names: Iterable[str]) -> Marks:
    """The flags of a message that comes in. Raises InvalidName, TooManyKeywords."""
    bits, ids = resolve(account_id, names, make=True)
    return Marks(set=bits, put=ids)


def _marks(mode: Mode, bits: int, ids: tuple[int, ...]) -> Marks:
    if mode == "remove":
        return Marks(clear=bits, take=ids)
    return Marks(set=bits, put=ids, replace=mode == "replace")


def _teaches(mailbox_id: int, runs: Runs, said: Collection[str]) -> bool:
    """Whether that can be a lesson. Thunderbird calls nearly all good that comes, which seldom is one."""
    if not _CALLED[Flag.JUNK].isdisjoint(said):
        return True
    return not _CALLED[Flag.NOT_JUNK].isdisjoint(said) and spamlessons.may_be_good(mailbox_id, runs)


def _teach(mailbox_id: int, changed: Sequence[Group], said: Collection[str]) -> None:
    """Messages that changed and are called spam or good now; a flag that was there before teaches nothing."""
    box = Mailbox.objects.get(pk=mailbox_id)
    for flag, words in _CALLED.items():
        keyword = any(word in said for word in words if word not in BITS)
        uids = [
            uid
            for group in changed
            for uid, before, now in zip(group.uids, group.before, group.flags, strict=True)
            if keyword or now & ~before & flag
        ]
        if uids:
            rows = MailboxMessage.objects.filter(mailbox_id=mailbox_id, uid__in=uids)
            spamlessons.flagged(box, rows.values_list("message_id", flat=True), junk=flag == Flag.JUNK)
