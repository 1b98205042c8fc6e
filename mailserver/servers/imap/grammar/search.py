"""SEARCH: the search program (RFC 9051 §6.4.4) as the values of `mailserver.mail.searchkeys`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Literal as OneOf

from mailserver.mail import charset
from mailserver.mail import searchkeys as keys
from mailserver.mail.searchkeys import Key
from mailserver.servers.imap.grammar import flags, sets
from mailserver.servers.imap.grammar.errors import ParseError
from mailserver.servers.imap.grammar.lexer import MAX_NUMBER64, Lexer
from mailserver.servers.imap.grammar.messagecommands import Search, SearchReturn

MAX_DEPTH = 50
MAX_KEYS = 500

_RETURNS: tuple[SearchReturn, ...] = ("MIN", "MAX", "ALL", "COUNT", "SAVE")
_OBJECT_ID = re.compile(rb"[A-Za-z0-9_\-]{1,255}(?![A-Za-z0-9_\-])")
_SET_FOLLOWS = re.compile(rb"(?=[0-9*$])")
_ENTRY_KIND = ("ALL", "PRIV", "SHARED")
_FLAG_KEYS: Mapping[str, Key] = {
    **{flag.upper(): keys.HasFlag(f"\\{flag}") for flag in ("Answered", "Deleted", "Draft", "Flagged", "Seen")},
    **{
        f"UN{flag.upper()}": keys.HasFlag(f"\\{flag}", on=False)
        for flag in ("Answered", "Deleted", "Draft", "Flagged", "Seen")
    },
    "ALL": keys.All(),
    "RECENT": keys.Recent(),
    "OLD": keys.Recent(on=False),
    "NEW": keys.And((keys.Recent(), keys.HasFlag("\\Seen", on=False))),
    "SAVEDATESUPPORTED": keys.SaveDateSupported(),
}


def search(lexer: Lexer, *, uid: bool) -> Search:
    returns = return_options(lexer)
    declared = None
    if lexer.accept_word("CHARSET"):
        lexer.space()
        declared = _charset(lexer)
        lexer.space()
    return Search(program(lexer, declared), uid=uid, returns=returns, charset=declared is not None)


def return_options(lexer: Lexer) -> frozenset[SearchReturn] | None:
    """RFC 4731 and 5182, with the space that follows; None without RETURN."""
    if not lexer.accept_word("RETURN"):
        return None
    lexer.space()
    found = frozenset(lexer.listed(lambda: lexer.one_of(_RETURNS, "return option"), empty=True))
    lexer.space()
    return found or frozenset({"ALL"})


def program_with_charset(lexer: Lexer) -> Key:
    """The search program of SORT and THREAD, whose charset must be named (RFC 5256)."""
    declared = _charset(lexer)
    lexer.space()
    return program(lexer, declared)


def program(lexer: Lexer, declared: str | None) -> Key:
    """One key or several, up to the end of the command."""
    return _Program(lexer, declared).all_of(lambda: lexer.more(), depth=0)


def _charset(lexer: Lexer) -> str:
    name = lexer.astring("charset").decode("latin-1")
    if charset.codec_name(name) is None:
        raise ParseError("That charset is not known", code="BADCHARSET (US-ASCII UTF-8)")
    return name


class _Program:
    """Counts the keys while it reads them."""

    def __init__(self, lexer: Lexer, declared: str | None) -> None:
        self._lexer = lexer
        self._declared = declared or "utf-8"
        self._keys = 0

    def all_of(self, more: Callable[[], bool], depth: int) -> Key:
        found = [self.key(depth)]
        while more():
            found.append(self.key(depth))
        return found[0] if len(found) == 1 else keys.And(tuple(found))

    def key(self, depth: int) -> Key:
        lexer = self._lexer
        self._keys += 1
        if depth > MAX_DEPTH:
            raise ParseError(f"search keys nested more than {MAX_DEPTH} deep", code="LIMIT")
        if self._keys > MAX_KEYS:
            raise ParseError(f"more than {MAX_KEYS} search keys", code="LIMIT")
        if lexer.accept(b"("):
            lexer.spaces()
            found = self.all_of(lambda: lexer.spaces() and not lexer.comes(b")"), depth + 1)
            lexer.expect(b")")
            return found
        if lexer.match(_SET_FOLLOWS):
            return sets.messages(lexer, uid=False)
        name = lexer.word("search key")
        if name in _FLAG_KEYS:
            return _FLAG_KEYS[name]
        lexer.space()
        if name == "NOT":
            return keys.Not(self.key(depth + 1))
        if name == "OR":
            one = self.key(depth + 1)
            lexer.space()
            return keys.Or(one, self.key(depth + 1))
        return self._with_argument(name)

    def _with_argument(self, name: str) -> Key:
        if name in _HEADERS:
            return keys.HeaderHas(name.lower(), self._text())
        if name == "HEADER":
            field = self._text()
            self._lexer.space()
            return keys.HeaderHas(field.lower(), self._text())
        if name in _TEXTS:
            return _TEXTS[name](self._text())
        if name in _DATES:
            which, comparison = _DATES[name]
            return keys.Dated(which, comparison, flags.day(self._lexer))
        if name in _OTHERS:
            return _OTHERS[name](self._lexer)
        raise self._lexer.wrong("search key unknown")

    def _text(self) -> str:
        return charset.decode(self._lexer.astring("text"), self._declared)


_HEADERS = frozenset({"BCC", "CC", "FROM", "SUBJECT", "TO"})
_TEXTS: Mapping[str, Callable[[str], Key]] = {"BODY": keys.BodyHas, "TEXT": keys.TextHas}
_KINDS: Mapping[str, OneOf["internal", "sent", "saved"]] = {"": "internal", "SENT": "sent", "SAVED": "saved"}
_COMPARISONS: tuple[keys.Comparison, ...] = ("before", "on", "since")
_DATES = {
    f"{prefix}{comparison.upper()}": (kind, comparison)
    for prefix, kind in _KINDS.items()
    for comparison in _COMPARISONS
}


def _mod_seq(lexer: Lexer) -> Key:
    """RFC 7162 §3.1.5: the modseq is one of the whole message here, so the entry only has to be well formed."""
    if lexer.comes(b'"'):
        entry = lexer.string("entry")
        if not entry.lower().startswith(b"/flags/"):
            raise lexer.wrong("no such entry")
        lexer.space()
        lexer.one_of(_ENTRY_KIND, "kind of entry")
        lexer.space()
    return keys.ModSeq(lexer.number("modseq", most=MAX_NUMBER64))


def _object_id(lexer: Lexer) -> str:
    """RFC 8474 §7."""
    found = lexer.match(_OBJECT_ID)
    if found is None:
        raise lexer.wrong("object id expected")
    return found[0].decode("ascii")


_OTHERS: Mapping[str, Callable[[Lexer], Key]] = {
    "UID": sets.uids,
    "KEYWORD": lambda lexer: keys.HasFlag(lexer.atom("keyword")),
    "UNKEYWORD": lambda lexer: keys.HasFlag(lexer.atom("keyword"), on=False),
    "LARGER": lambda lexer: keys.Size(lexer.number("size", most=MAX_NUMBER64), above=True),
    "SMALLER": lambda lexer: keys.Size(lexer.number("size", most=MAX_NUMBER64), above=False),
    "OLDER": lambda lexer: keys.Age(lexer.number("seconds", least=1), younger=False),
    "YOUNGER": lambda lexer: keys.Age(lexer.number("seconds", least=1), younger=True),
    "MODSEQ": _mod_seq,
    "EMAILID": lambda lexer: keys.EmailId(_object_id(lexer)),
    "THREADID": lambda lexer: keys.ThreadId(_object_id(lexer)),
}
