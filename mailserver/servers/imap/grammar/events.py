"""What NOTIFY asks to be told of (RFC 5465)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

from mailserver.servers.imap.grammar.attributes import FetchItem

FilterKind = OneOf["selected", "selected-delayed", "inboxes", "personal", "subscribed", "subtree", "mailboxes"]
EventName = OneOf[
    "MessageNew",
    "MessageExpunge",
    "FlagChange",
    "AnnotationChange",
    "MailboxName",
    "SubscriptionChange",
    "MailboxMetadataChange",
    "ServerMetadataChange",
]

# The others belong to ANNOTATE and METADATA, which we have not (RFC 5465 §5.1, §5.6, §5.7).
SUPPORTED: tuple[EventName, ...] = (
    "FlagChange",
    "MailboxName",
    "MessageExpunge",
    "MessageNew",
    "SubscriptionChange",
)
BAD_EVENT = f"BADEVENT ({' '.join(SUPPORTED)})"


@dataclass(frozen=True, slots=True)
class Event:
    """`fetch`: what to send of a new message, for MessageNew in the selected mailbox."""

    name: EventName
    fetch: tuple[FetchItem, ...] = ()


@dataclass(frozen=True, slots=True)
class EventGroup:
    """Events of some mailboxes; `mailboxes` is given for the kinds subtree and mailboxes. No events: NONE."""

    kind: FilterKind
    mailboxes: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
