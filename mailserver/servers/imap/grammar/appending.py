"""APPEND with one message or several, and REPLACE (RFC 9051 §6.3.12, RFC 3502, 3516, 6855, 8508)."""

from __future__ import annotations

from mailserver.servers.imap.grammar import flags, names, sets
from mailserver.servers.imap.grammar.lexer import Lexer
from mailserver.servers.imap.grammar.mailboxcommands import Append, NewMessage
from mailserver.servers.imap.grammar.messagecommands import Replace


def append(lexer: Lexer) -> Append:
    mailbox = names.mailbox(lexer)
    lexer.space()
    messages = [_message(lexer)]
    while lexer.more():
        messages.append(_message(lexer))
    return Append(mailbox, tuple(messages))


def replace(lexer: Lexer, *, uid: bool) -> Replace:
    number = sets.one(lexer, uid=uid)
    lexer.space()
    mailbox = names.mailbox(lexer)
    lexer.space()
    return Replace(number, mailbox, _message(lexer), uid=uid)


def _message(lexer: Lexer) -> NewMessage:
    found: tuple[str, ...] = ()
    at = None
    if lexer.comes(b"("):
        found = flags.flags(lexer)
        lexer.space()
    if lexer.comes(b'"'):
        at = flags.moment(lexer)
        lexer.space()
    utf8 = lexer.accept_word("UTF8")
    if not utf8:
        return NewMessage(lexer.literal(), found, at)
    lexer.space()
    lexer.expect(b"(")
    data = lexer.literal()
    lexer.expect(b")")
    return NewMessage(data, found, at, utf8=True)
