"""STORE, COPY, MOVE and EXPUNGE (RFC 9051 §6.4, RFC 7162)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from mailserver.servers.imap.grammar import flags, names, sets
from mailserver.servers.imap.grammar.lexer import MAX_NUMBER64, Lexer
from mailserver.servers.imap.grammar.messagecommands import Copy, Expunge, Messages, Move, Store, StoreMode

_STORE = re.compile(rb"([+-]?)FLAGS(\.SILENT)?(?= )", re.IGNORECASE)
_MODES: Mapping[bytes, StoreMode] = {b"": "replace", b"+": "add", b"-": "remove"}


def store(lexer: Lexer, *, uid: bool) -> Store:
    messages = sets.messages(lexer, uid=uid)
    lexer.space()
    unchanged_since = _unchanged_since(lexer) if lexer.comes(b"(") else None
    form = lexer.match(_STORE)
    if form is None:
        raise lexer.wrong("FLAGS expected")
    lexer.space()
    found = flags.flags(lexer) if lexer.comes(b"(") else _bare_flags(lexer)
    return Store(messages, _MODES[form[1]], found, form[2] is not None, uid, unchanged_since)


def copy(lexer: Lexer, *, uid: bool) -> Copy:
    return Copy(*_messages_and_mailbox(lexer, uid=uid), uid)


def move(lexer: Lexer, *, uid: bool) -> Move:
    return Move(*_messages_and_mailbox(lexer, uid=uid), uid)


def uid_expunge(lexer: Lexer) -> Expunge:
    return Expunge(sets.uids(lexer))


def _messages_and_mailbox(lexer: Lexer, *, uid: bool) -> tuple[Messages, str]:
    messages = sets.messages(lexer, uid=uid)
    lexer.space()
    return messages, names.mailbox(lexer)


def _unchanged_since(lexer: Lexer) -> int:
    lexer.expect(b"(")
    lexer.spaces()
    lexer.one_of(("UNCHANGEDSINCE",), "modifier")
    lexer.space()
    modseq = lexer.number("modseq", most=MAX_NUMBER64)
    lexer.spaces()
    lexer.expect(b")")
    lexer.space()
    return modseq


def _bare_flags(lexer: Lexer) -> tuple[str, ...]:
    found = [flags.flag(lexer)]
    while lexer.more():
        found.append(flags.flag(lexer))
    return flags.unique(found)
