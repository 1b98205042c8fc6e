"""NOTIFY (RFC 5465)."""

from __future__ import annotations

from mailserver.servers.imap.grammar import fetch, names
from mailserver.servers.imap.grammar.attributes import FetchItem
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.events import BAD_EVENT, Event, EventGroup, EventName, FilterKind
from mailserver.servers.imap.grammar.lexer import Lexer
from mailserver.servers.imap.grammar.sessioncommands import Notify

MAX_MAILBOXES = 500

_KINDS: tuple[FilterKind, ...] = (
    "selected",
    "selected-delayed",
    "inboxes",
    "personal",
    "subscribed",
    "subtree",
    "mailboxes",
)
_SELECTED = frozenset({"selected", "selected-delayed"})
_OF_MESSAGES: tuple[EventName, ...] = ("MessageNew", "MessageExpunge", "FlagChange", "AnnotationChange")
_OF_MAILBOXES: tuple[EventName, ...] = (
    "MailboxName",
    "SubscriptionChange",
    "MailboxMetadataChange",
    "ServerMetadataChange",
)
_EVENTS = {name.upper(): name for name in (*_OF_MESSAGES, *_OF_MAILBOXES)}


def notify(lexer: Lexer) -> Notify:
    if lexer.one_of(("SET", "NONE"), "SET or NONE") == "NONE":
        return Notify()
    lexer.space()
    status = lexer.accept_word("STATUS")
    if status:
        lexer.space()
    groups = [_group(lexer)]
    while lexer.more():
        groups.append(_group(lexer))
    if sum(group.kind in _SELECTED for group in groups) > 1:
        raise lexer.wrong("the selected mailbox is named twice")
    if sum(len(group.mailboxes) for group in groups) > MAX_MAILBOXES:
        raise lexer.wrong(f"at most {MAX_MAILBOXES} mailboxes")
    return Notify(tuple(groups), status)


def _group(lexer: Lexer) -> EventGroup:
    lexer.expect(b"(")
    lexer.spaces()
    kind = _KINDS[_UPPER.index(lexer.one_of(_UPPER, "mailbox filter"))]
    lexer.space()
    mailboxes: tuple[str, ...] = ()
    if kind in {"subtree", "mailboxes"}:
        many = lexer.comes(b"(")
        mailboxes = lexer.listed(lambda: names.mailbox(lexer)) if many else (names.mailbox(lexer),)
        lexer.space()
    events = () if lexer.accept_word("NONE") else lexer.listed(lambda: _event(lexer, kind))
    lexer.spaces()
    lexer.expect(b")")
    _check(lexer, kind, {event.name for event in events})
    return EventGroup(kind, mailboxes, events)


_UPPER = tuple(kind.upper() for kind in _KINDS)


def _event(lexer: Lexer, kind: FilterKind) -> Event:
    name = _EVENTS.get(lexer.word("event"))
    if name is None:
        raise ParseError("That event is not known", code=BAD_EVENT)
    items: tuple[FetchItem, ...] = ()
    if name == "MessageNew" and kind in _SELECTED and lexer.comes(b" ("):
        lexer.spaces()
        items = fetch.items(lexer)
    return Event(name, items)


def _check(lexer: Lexer, kind: FilterKind, events: set[EventName]) -> None:
    """Which events go together (RFC 5465 §5, §6)."""
    if ("MessageNew" in events) != ("MessageExpunge" in events):
        raise lexer.wrong("MessageNew and MessageExpunge go together")
    if events & {"FlagChange", "AnnotationChange"} and "MessageNew" not in events:
        raise lexer.wrong("changes need MessageNew and MessageExpunge")
    if kind in _SELECTED and not events <= set(_OF_MESSAGES):
        raise lexer.wrong("the selected mailbox has events of messages only")
