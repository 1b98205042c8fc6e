"""SORT and THREAD (RFC 5256, 5267, 5957)."""

from __future__ import annotations

from mailserver.servers.imap.grammar import search
from mailserver.servers.imap.grammar.lexer import Lexer
from mailserver.servers.imap.grammar.messagecommands import Algorithm, Sort, SortKey, SortName, Thread

_SORT_NAMES: tuple[SortName, ...] = (
    "ARRIVAL",
    "CC",
    "DATE",
    "FROM",
    "SIZE",
    "SUBJECT",
    "TO",
    "DISPLAYFROM",
    "DISPLAYTO",
)
_ALGORITHMS: tuple[Algorithm, ...] = ("REFERENCES", "ORDEREDSUBJECT", "REFS")


def sort(lexer: Lexer, *, uid: bool) -> Sort:
    returns = search.return_options(lexer)
    order: dict[SortName, SortKey] = {}
    for key in lexer.listed(lambda: _sort_key(lexer)):
        # The second time it decides nothing any more.
        order.setdefault(key.name, key)
    lexer.space()
    return Sort(tuple(order.values()), search.program_with_charset(lexer), uid=uid, returns=returns)


def thread(lexer: Lexer, *, uid: bool) -> Thread:
    algorithm = lexer.one_of(_ALGORITHMS, "threading algorithm")
    lexer.space()
    return Thread(algorithm, search.program_with_charset(lexer), uid=uid)


def _sort_key(lexer: Lexer) -> SortKey:
    reverse = lexer.accept_word("REVERSE")
    if reverse:
        lexer.space()
    return SortKey(lexer.one_of(_SORT_NAMES, "sort key"), reverse)
