"""Commands about messages (RFC 9051 §6.4).

`messages` is `Numbers` or `Uids`: the runs are merged and hold `STAR` for `*`; `$` is `Uids` with `saved`. `uid`: the
command began with UID, so its responses speak of UIDs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from mailserver.mail.searchkeys import Key, Numbers, Uids
from mailserver.servers.imap.grammar.attributes import FetchItem
from mailserver.servers.imap.grammar.mailboxcommands import NewMessage

Messages = Numbers | Uids
SearchReturn = OneOf["MIN", "MAX", "ALL", "COUNT", "SAVE"]
SortName = OneOf["ARRIVAL", "CC", "DATE", "FROM", "SIZE", "SUBJECT", "TO", "DISPLAYFROM", "DISPLAYTO"]
Algorithm = OneOf["REFERENCES", "ORDEREDSUBJECT", "REFS"]
StoreMode = OneOf["replace", "add", "remove"]


@dataclass(frozen=True, slots=True)
class Check:
    pass


@dataclass(frozen=True, slots=True)
class Close:
    pass


@dataclass(frozen=True, slots=True)
class Unselect:
    pass


@dataclass(frozen=True, slots=True)
class Expunge:
    """`uids`: only these (UID EXPUNGE, RFC 4315); None: all that are marked."""

    uids: Uids | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """`returns` None: without RETURN, so the answer has the old form; RETURN () is ALL (RFC 4731).

    `charset`: one was named, in which the texts of the key were read.
    """

    key: Key
    uid: bool = False
    returns: frozenset[SearchReturn] | None = None
    charset: bool = False


@dataclass(frozen=True, slots=True)
class SortKey:
    name: SortName
    reverse: bool = False


@dataclass(frozen=True, slots=True)
class Sort:
    """RFC 5256, 5957; `returns` as in Search (RFC 5267)."""

    order: tuple[SortKey, ...]
    key: Key
    uid: bool = False
    returns: frozenset[SearchReturn] | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    algorithm: Algorithm
    key: Key
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Fetch:
    """`items` without repetitions, macros written out. What UID and CHANGEDSINCE imply is not added."""

    messages: Messages
    items: tuple[FetchItem, ...]
    uid: bool = False
    changed_since: int | None = None
    vanished: bool = False


@dataclass(frozen=True, slots=True)
class Store:
    """System flags are written as in RFC 9051 (`\\Seen`), keywords as the client wrote them."""

    messages: Messages
    mode: StoreMode
    flags: tuple[str, ...]
    silent: bool = False
    uid: bool = False
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class Copy:
    messages: Messages
    mailbox: str
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Move:
    messages: Messages
    mailbox: str
    uid: bool = False


@dataclass(frozen=True, slots=True)
class Replace:
    """RFC 8508; `messages` holds one number (or `*`)."""

    messages: Messages
    mailbox: str
    message: NewMessage
    uid: bool = False
