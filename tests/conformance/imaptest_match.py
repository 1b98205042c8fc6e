"""Whether a response of a server is one that a script of ImapTest describes.

Values are bytes for atoms and strings, None for NIL, tuples for lists. In a pattern a list is `Listed`, which knows how
its elements are compared, and bytes may hold variables.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

Values = tuple[Any, ...]
Bound = Mapping[str, bytes]

_TOKEN = re.compile(rb'~?\{(?P<literal>\d+)\}\r\n|"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<atom>[^ ()]+)', re.DOTALL)
_VARIABLE = re.compile(rb"\$(?:(\$)|\{(\w+)\}|(\w*))")
_STATUS = re.compile(rb"(OK|NO|BAD|BYE|PREAUTH)\b(?: (\[[^\]]*\]))?(.*)", re.DOTALL | re.IGNORECASE)


class Literal(bytes):
    """Octets that are compared as they are, up to a NUL: ImapTest sees no further, and one script is wrong there."""


@dataclass(frozen=True)
class Listed:
    """`chain`: so many elements belong together and may come in any order; 0 is the order of the script."""

    items: Values
    chain: int = 0
    extra: bool = True
    ignored: tuple[bytes, ...] = ()
    banned: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Response:
    """`mark`: `*` must come, `!` must not, `?` may."""

    mark: str
    text: str
    pattern: Values


_UNORDERED = Listed((), chain=1)
_PAIRS = Listed((), chain=2)
_FLAGS = Listed((), chain=1, extra=False, ignored=(b"\\recent",))


def expected(line: bytes) -> Response:
    """A line of a script, with its mark."""
    found = values(line[2:])
    name = (found[1] if found[0][:1].isdigit() or found[0].startswith(b"$") else found[0]).lower()
    defaults = {b"list": {1: _UNORDERED}, b"lsub": {1: _UNORDERED}, b"status": {2: _PAIRS}, b"fetch": {2: _PAIRS}}
    by_place = defaults.get(name, {})
    items = (_pattern(item, by_place.get(at, Listed(())), in_fetch=name == b"fetch") for at, item in enumerate(found))
    return Response(line[:1].decode(), line.decode("ascii", "replace"), tuple(items))


def _pattern(item: Any, rules: Listed, *, in_fetch: bool = False, before: Any = None) -> Any:
    """Lists become Listed; without directives of their own they follow the rules of their place."""
    if not isinstance(item, tuple):
        return item
    if in_fetch and before == b"flags":
        rules = _FLAGS
    directives = [one for one in item if isinstance(one, bytes) and one.startswith(b"$!")]
    if directives:
        rules = _told(directives)
    rest = item[len(directives) :]
    lower = [one.lower() if isinstance(one, bytes) else one for one in rest]
    inner = (
        _pattern(one, Listed(()), in_fetch=in_fetch, before=lower[at - 1] if at else None)
        for at, one in enumerate(rest)
    )
    return replace(rules, items=tuple(inner))


def _told(directives: Sequence[bytes]) -> Listed:
    rules = Listed(())
    for directive in directives:
        name, _, value = directive[2:].partition(b"=")
        match name:
            case b"unordered":
                rules = replace(rules, chain=int(value or b"1"))
            case b"ordered":
                rules = replace(rules, chain=0)
            case b"extra" | b"noextra":
                rules = replace(rules, extra=name == b"extra")
            case b"ignore":
                rules = replace(rules, ignored=(*rules.ignored, value.lower()))
            case b"ban":
                rules = replace(rules, banned=(*rules.banned, value.lower()))
            case _:
                raise AssertionError(f"unknown directive {directive!r}")
    return rules


def values(octets: bytes) -> Values:
    """What stands there, literals as on the wire."""
    found, at = _values(octets, 0)
    assert at == len(octets), f"something follows: {octets[at : at + 20]!r}"
    return found


def status_values(octets: bytes) -> Values | None:
    """Those of a response that ends in text for people, where parentheses mean nothing; None when it is another."""
    found = _STATUS.fullmatch(octets)
    if not found:
        return None
    return (found[1], *(values(found[2]) if found[2] else ()), *found[3].split())


def _values(octets: bytes, at: int) -> tuple[Values, int]:
    """Up to the parenthesis that closes the list, or to the end."""
    found: list[Any] = []
    while at < len(octets) and octets[at : at + 1] != b")":
        if octets[at : at + 1] == b" ":
            at += 1
        elif octets[at : at + 1] == b"(":
            inner, at = _values(octets, at + 1)
            assert octets[at : at + 1] == b")", f"no end of a list in {octets!r}"
            found.append(inner)
            at += 1
        else:
            value, at = _value(octets, at)
            found.append(value)
    return tuple(found), at


def _value(octets: bytes, at: int) -> tuple[bytes | None, int]:
    token = _TOKEN.match(octets, at)
    assert token, f"no value: {octets[at : at + 20]!r}"
    if token["literal"]:
        end = token.end() + int(token["literal"])
        return Literal(octets[token.end() : end]), end
    if token["quoted"] is not None:
        return re.sub(rb"\\(.)", rb"\1", token["quoted"]), token.end()
    return None if token["atom"].upper() == b"NIL" else token["atom"], token.end()


def expand(text: bytes, bound: Bound) -> bytes:
    """The text of a command with its variables; all must be known."""
    return _VARIABLE.sub(lambda found: b"$" if found[1] else bound[(found[2] or found[3]).decode()], text)


def match(pattern: Sequence[Any], got: Sequence[Any], bound: Bound, *, prefix: bool = False) -> Bound | None:
    """All elements, in order; the variables that are known then. `prefix`: more may follow, in the last word too."""
    if len(got) < len(pattern) or (len(got) > len(pattern) and not prefix):
        return None
    known: Bound | None = bound
    for at, (one, value) in enumerate(zip(pattern, got, strict=False)):
        if known is None:
            return None
        known = _match_one(one, value, known, prefix=prefix and at == len(pattern) - 1)
    return known


def _match_one(pattern: Any, value: Any, bound: Bound, *, prefix: bool) -> Bound | None:
    if pattern == b"$":
        return bound
    if isinstance(pattern, Listed):
        return _match_list(pattern, value, bound) if isinstance(value, tuple) else None
    if pattern is None or value is None or isinstance(value, tuple):
        return bound if pattern is value else None
    if isinstance(pattern, Literal):
        return bound if pattern.partition(b"\0")[0] == value.partition(b"\0")[0] else None
    return _match_text(pattern, value, bound, prefix=prefix)


def _match_list(pattern: Listed, value: Values, bound: Bound) -> Bound | None:
    chain = pattern.chain
    if not chain:
        return match(pattern.items, value, bound)
    if len(value) % chain:
        return None
    left = [value[at : at + chain] for at in range(0, len(value), chain)]
    extra = list(left)
    for wanted in (pattern.items[at : at + chain] for at in range(0, len(pattern.items), chain)):
        found = next(_matching(wanted, left, bound), None)
        if found is None:
            return None
        at, bound = found
        extra = [one for one in extra if one is not left[at]]
    names = {one[0].lower() for one in extra if isinstance(one[0], bytes)}
    forbidden = names & set(pattern.banned) if pattern.extra else names - set(pattern.ignored)
    return None if forbidden else bound


def _matching(wanted: Values, chains: Sequence[Values], bound: Bound) -> Iterator[tuple[int, Bound]]:
    for at, chain in enumerate(chains):
        known = match(wanted, chain, bound)
        if known is not None:
            yield at, known


def _match_text(pattern: bytes, value: bytes, bound: Bound, *, prefix: bool) -> Bound | None:
    """Letter case counts in the values of variables only."""
    expression, at = b"", 0
    for variable in _VARIABLE.finditer(pattern):
        name = (variable[2] or variable[3] or b"").decode()
        expression += re.escape(pattern[at : variable.start()])
        at = variable.end()
        if variable[1]:
            expression += rb"\$"
        elif name in bound:
            expression += b"(?-i:%s)" % re.escape(bound[name])
        elif name.isdigit():
            return None
        else:
            shortest = b".*?" if at < len(pattern) else b".*"
            expression += b"(?P<%s>%s)" % (name.encode(), shortest) if name else shortest
    expression += re.escape(pattern[at:]) + (b"" if prefix else rb"\Z")
    found = re.match(expression, value, re.IGNORECASE | re.DOTALL)
    return None if found is None else {**bound, **found.groupdict()}
