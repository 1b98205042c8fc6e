"""LIST, LSUB, XLIST and STATUS (RFC 9051 §6.3.9, RFC 5258, 5819, 6154, 8438, 8474, 9208)."""

from __future__ import annotations

from typing import get_args

from mailserver.servers.imap.grammar import names
from mailserver.servers.imap.grammar.lexer import Lexer
from mailserver.servers.imap.grammar.mailboxcommands import (
    List,
    Lsub,
    ReturnOption,
    SelectionOption,
    Status,
    StatusItem,
    Xlist,
)

MAX_PATTERNS = 100

_SELECTION: tuple[SelectionOption, ...] = get_args(SelectionOption)
_RETURNS: tuple[ReturnOption, ...] = get_args(ReturnOption)
_STATUS_ITEMS: tuple[StatusItem, ...] = get_args(StatusItem)


def list_mailboxes(lexer: Lexer) -> List:
    extended = lexer.comes(b"(")
    selection = _selection(lexer) if extended else frozenset()
    reference = names.reference(lexer)
    lexer.space()
    if lexer.comes(b"("):
        extended = True
        patterns = lexer.listed(lambda: names.pattern(lexer))
        if len(patterns) > MAX_PATTERNS:
            raise lexer.wrong(f"at most {MAX_PATTERNS} patterns")
    else:
        patterns = (names.pattern(lexer),)
    returns: frozenset[ReturnOption] = frozenset()
    status: tuple[StatusItem, ...] = ()
    if lexer.more():
        extended = True
        lexer.one_of(("RETURN",), "option")
        lexer.space()
        returns, status = _returns(lexer)
    return List(reference, patterns, selection, returns, status, extended)


def lsub(lexer: Lexer) -> Lsub:
    return Lsub(*_reference_and_pattern(lexer))


def xlist(lexer: Lexer) -> Xlist:
    return Xlist(*_reference_and_pattern(lexer))


def status(lexer: Lexer) -> Status:
    mailbox = names.mailbox(lexer)
    lexer.space()
    return Status(mailbox, _status_items(lexer))


def _reference_and_pattern(lexer: Lexer) -> tuple[str, str]:
    reference = names.reference(lexer)
    lexer.space()
    return reference, names.pattern(lexer)


def _selection(lexer: Lexer) -> frozenset[SelectionOption]:
    found = frozenset(lexer.listed(lambda: lexer.one_of(_SELECTION, "selection option"), empty=True))
    lexer.space()
    if "RECURSIVEMATCH" in found and found <= {"RECURSIVEMATCH", "REMOTE"}:
        raise lexer.wrong("RECURSIVEMATCH needs SUBSCRIBED or SPECIAL-USE")
    return found


def _returns(lexer: Lexer) -> tuple[frozenset[ReturnOption], tuple[StatusItem, ...]]:
    status: tuple[StatusItem, ...] = ()
    found: set[ReturnOption] = set()

    def read() -> None:
        nonlocal status
        if lexer.accept_word("STATUS"):
            lexer.space()
            status = _status_items(lexer)
        else:
            found.add(lexer.one_of(_RETURNS, "return option"))

    lexer.listed(read, empty=True)
    return frozenset(found), status


def _status_items(lexer: Lexer) -> tuple[StatusItem, ...]:
    return tuple(dict.fromkeys(lexer.listed(lambda: lexer.one_of(_STATUS_ITEMS, "status item"))))
