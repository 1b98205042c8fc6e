"""Names of mailboxes, patterns for them, and other text of clients."""

from __future__ import annotations

from mailserver.mail import mutf7
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.lexer import Lexer


def mailbox(lexer: Lexer) -> str:
    """A name to look up. What is in no encoding is taken by its octets, so that it is looked up and not found."""
    raw = lexer.astring("mailbox name")
    name = _decoded(lexer, raw)
    return raw.decode("latin-1") if name is None else name


def new_mailbox(lexer: Lexer) -> str:
    """A name for a mailbox that is to be."""
    name = _decoded(lexer, lexer.astring("mailbox name"))
    if name is None:
        raise ParseError("The name is in no encoding of mailbox names", code="CANNOT")
    return name


def pattern(lexer: Lexer) -> str:
    """A name with wildcards; INBOX stays as it is written."""
    return _pattern(lexer, lexer.pattern("pattern"))


def reference(lexer: Lexer) -> str:
    return _pattern(lexer, lexer.astring("reference"))


def text(lexer: Lexer, what: str) -> str:
    """Text outside the mail: UTF-8, from old clients Latin-1."""
    return _text(lexer.astring(what))


def string(lexer: Lexer, what: str) -> str:
    """The same for a place that takes no atom."""
    return _text(lexer.string(what))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _pattern(lexer: Lexer, raw: bytes) -> str:
    name = _name(lexer, raw)
    return raw.decode("latin-1") if name is None else name


def _decoded(lexer: Lexer, raw: bytes) -> str | None:
    return "INBOX" if raw.upper() == b"INBOX" else _name(lexer, raw)


def _name(lexer: Lexer, raw: bytes) -> str | None:
    """Octets above 127 are UTF-8 whatever was agreed; None for what is in no encoding."""
    if raw.isascii() and not lexer.utf8:
        return mutf7.decode(raw)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return None
