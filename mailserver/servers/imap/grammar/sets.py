"""Sets of message numbers (RFC 9051 §9, `sequence-set`)."""

from __future__ import annotations

import re

from mailserver.mail.numbersets import STAR, Runs, merged
from mailserver.mail.searchkeys import Numbers, Uids
from mailserver.servers.imap.grammar.lexer import MAX_NUMBER, Lexer

_END = rb"(?:\*|[1-9][0-9]{0,9})"
_RUN = rb"%b(?::%b)?" % (_END, _END)
_SET = re.compile(rb"%b(?:,%b)*" % (_RUN, _RUN))


def messages(lexer: Lexer, *, uid: bool) -> Numbers | Uids:
    """A set by number or, with `uid`, by UID; `$`, the saved result (RFC 5182), is UIDs in any case."""
    return uids(lexer) if uid or lexer.comes(b"$") else Numbers(sequence(lexer))


def uids(lexer: Lexer) -> Uids:
    return Uids((), saved=True) if lexer.accept(b"$") else Uids(sequence(lexer))


def one(lexer: Lexer, *, uid: bool) -> Numbers | Uids:
    """A single message; by number it may be `*` (RFC 8508 §5)."""
    star = not uid and lexer.accept(b"*")
    number = STAR if star else lexer.number("message number", least=1)
    runs = ((number, number),)
    return Uids(runs) if uid else Numbers(runs)


def sequence(lexer: Lexer, *, star: bool = True) -> Runs:
    found = lexer.match(_SET)
    if found is None or (not star and b"*" in found[0]):
        raise lexer.wrong("set of numbers expected")
    runs = []
    for run in found[0].split(b","):
        low, _, high = run.partition(b":")
        runs.append((_number(low), _number(high or low)))
    if max(map(max, runs)) > MAX_NUMBER:
        raise lexer.wrong(f"a number above {MAX_NUMBER}")
    return merged(runs)


def _number(text: bytes) -> int:
    return STAR if text == b"*" else int(text)
