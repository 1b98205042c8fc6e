"""Commands about mailboxes (RFC 9051 §6.3). Names are text, whatever encoding they came in, and INBOX is written so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal as OneOf

from mailserver.mail.numbersets import Runs
from mailserver.servers.imap.grammar.pieces import Literal

StatusItem = OneOf[
    "MESSAGES",
    "RECENT",
    "UIDNEXT",
    "UIDVALIDITY",
    "UNSEEN",
    "DELETED",
    "SIZE",
    "HIGHESTMODSEQ",
    "APPENDLIMIT",
    "MAILBOXID",
    "DELETED-STORAGE",
]
SelectionOption = OneOf["SUBSCRIBED", "REMOTE", "RECURSIVEMATCH", "SPECIAL-USE"]
ReturnOption = OneOf["SUBSCRIBED", "CHILDREN", "SPECIAL-USE"]


@dataclass(frozen=True, slots=True)
class Qresync:
    """RFC 7162 §3.2.5: what the client knows. `matches`: message numbers and their UIDs."""

    uidvalidity: int
    modseq: int
    uids: Runs | None = None
    matches: tuple[Runs, Runs] | None = None


@dataclass(frozen=True, slots=True)
class Select:
    """SELECT, or with `read_only` EXAMINE."""

    mailbox: str
    read_only: bool = False
    condstore: bool = False
    qresync: Qresync | None = None


@dataclass(frozen=True, slots=True)
class Create:
    """`uses`: special uses as `\\Sent`, known or not (RFC 6154 §3)."""

    mailbox: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    mailbox: str


@dataclass(frozen=True, slots=True)
class Rename:
    mailbox: str
    new_name: str


@dataclass(frozen=True, slots=True)
class Subscribe:
    mailbox: str


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    mailbox: str


@dataclass(frozen=True, slots=True)
class List:
    """`extended`: written with options or several patterns (RFC 5258). `status`: STATUS for each (RFC 5819)."""

    reference: str
    patterns: tuple[str, ...]
    selection: frozenset[SelectionOption] = frozenset()
    returns: frozenset[ReturnOption] = frozenset()
    status: tuple[StatusItem, ...] = ()
    extended: bool = False


@dataclass(frozen=True, slots=True)
class Lsub:
    reference: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Xlist:
    """The form of LIST with special uses from before RFC 6154."""

    reference: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Status:
    mailbox: str
    items: tuple[StatusItem, ...]


@dataclass(frozen=True, slots=True)
class NewMessage:
    """One message of APPEND or REPLACE. `utf8`: sent as UTF8 (…) of RFC 6855."""

    data: Literal
    flags: tuple[str, ...] = ()
    at: datetime | None = None
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Append:
    """More than one message: RFC 3502."""

    mailbox: str
    messages: tuple[NewMessage, ...]
