"""What a FETCH needs: the columns to ask for, and how each item is written from them. No message is parsed here.

Items that need octets of the message become `Octets`, which the command reads and sends in pieces.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from mailserver.mail import numbersets
from mailserver.mail.imapforms import seven_bit
from mailserver.mail.numbersets import Runs
from mailserver.servers.imap import responses
from mailserver.servers.imap.grammar.attributes import (
    Attribute,
    Binary,
    BinarySize,
    BodySection,
    FetchItem,
    Preview,
)
from mailserver.services.entries import Entry

# RFC 8970 §2: at most 256 characters.
MAX_PREVIEW = 256

_COLUMNS: Mapping[str, tuple[str, ...]] = {
    "UID": (),
    "FLAGS": ("flags",),
    "INTERNALDATE": ("at",),
    "RFC822.SIZE": ("size",),
    "ENVELOPE": ("envelope",),
    "BODY": ("body",),
    "BODYSTRUCTURE": ("bodystructure",),
    "MODSEQ": ("modseq",),
    "EMAILID": ("ids",),
    "THREADID": ("ids",),
    "SAVEDATE": ("saved_at",),
}
_OF_OCTETS = ("parts", "prefix", "blob", "head")


@dataclass(frozen=True, slots=True)
class Plan:
    """`items` in the order of the response. `sees`: reading sets \\Seen, unless the mailbox is read-only."""

    items: tuple[FetchItem, ...]
    columns: frozenset[str]
    sees: bool

    @property
    def is_simple(self) -> bool:
        """Whether all is in the columns."""
        return all(isinstance(item, Attribute) for item in self.items)

    @property
    def reads(self) -> bool:
        """Whether octets of messages are needed."""
        return "blob" in self.columns


def plan(items: Sequence[FetchItem], *, uid: bool, modseq: bool) -> Plan:
    """`uid`, `modseq`: those items come in any case."""
    wanted = list(items)
    if modseq and Attribute("MODSEQ") not in wanted:
        wanted.append(Attribute("MODSEQ"))
    if uid and Attribute("UID") not in wanted:
        wanted.insert(0, Attribute("UID"))
    columns = {column for item in wanted for column in _columns(item)}
    sees = any(isinstance(item, BodySection | Binary) and not item.peek for item in wanted)
    return Plan(tuple(wanted), frozenset(columns), sees)


def _columns(item: FetchItem) -> tuple[str, ...]:
    match item:
        case Attribute(name):
            return _COLUMNS[name]
        case Preview():
            return ("preview",)
        case BinarySize():
            return (*_OF_OCTETS, "size")
        case BodySection(section=section) if not section.part and section.text.startswith("HEADER"):
            return ("header_block", "prefix")
        case BodySection() if item.is_whole:
            return ("prefix", "blob", "head", "size")
        case _:
            return _OF_OCTETS


@dataclass(slots=True)
class Writer:
    """Writes the items that are columns. `recents` as in the view; `utf8` for clients that take it."""

    recents: Runs
    utf8: bool
    _flags: dict[tuple[object, ...], bytes] = field(default_factory=dict)

    def attribute(self, name: str, entry: Entry) -> bytes:
        """The item with its value: `UID 7`."""
        return _WRITERS[name](self, entry)

    def form(self, stored: bytes | None) -> bytes:
        """A finished form; in seven bits for clients that do not take UTF-8."""
        form = stored or b"NIL"
        return form if self.utf8 else seven_bit(form)

    def flags(self, entry: Entry) -> bytes:
        """`FLAGS (…)`; written once for each combination."""
        key = (entry.flags, entry.keywords, numbersets.holds(self.recents, entry.uid))
        found = self._flags.get(key)
        if found is None:
            names = [*entry.names, *(["\\Recent"] if key[2] else [])]
            found = self._flags[key] = b"FLAGS " + responses.flags(names)
        return found


def preview(entry: Entry, *, utf8: bool) -> bytes:
    return b"PREVIEW " + responses.text(entry.preview[:MAX_PREVIEW], utf8=utf8)


_WRITERS: Mapping[str, Callable[[Writer, Entry], bytes]] = {
    "UID": lambda writer, entry: b"UID %d" % entry.uid,
    "FLAGS": Writer.flags,
    "INTERNALDATE": lambda writer, entry: b"INTERNALDATE " + responses.date_time(entry.at),
    "RFC822.SIZE": lambda writer, entry: b"RFC822.SIZE %d" % entry.size,
    "ENVELOPE": lambda writer, entry: b"ENVELOPE " + writer.form(entry.envelope),
    "BODY": lambda writer, entry: b"BODY " + writer.form(entry.body),
    "BODYSTRUCTURE": lambda writer, entry: b"BODYSTRUCTURE " + writer.form(entry.bodystructure),
    "MODSEQ": lambda writer, entry: b"MODSEQ (%d)" % entry.modseq,
    "EMAILID": lambda writer, entry: b"EMAILID (M%d)" % entry.message_id,
    "THREADID": lambda writer, entry: b"THREADID (T%d)" % entry.thread_id,
    "SAVEDATE": lambda writer, entry: b"SAVEDATE " + responses.date_time(entry.saved_at),
}
