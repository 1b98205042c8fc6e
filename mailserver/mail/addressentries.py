"""Lists of addresses as they are written in header fields: RFC 5322 §3.4 as tolerantly as mail needs."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache

from mailserver.mail import charset
from mailserver.mail.parameters import without_comments

MAX_ADDRESSES = 1000
# Characters of a list that is remembered: columns and ENVELOPE are made of the same ones, and people write to the same.
_SHORT = 500
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_SPACES = re.compile(r"\s+")
# An encoded word counts as one word although some senders leave commas and colons in it.
_WORD = re.compile(r'=\?[^?\s]{1,80}\?[bBqQ]\?[^?\s]{0,998}\?=|[^\s()<>",;:]+')
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_LITERAL = re.compile(r"\[[^\]\s]{0,255}\]")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_MARK = re.compile(r"[()\\]")
_COLONS = re.compile(r":[ :]*")
_AROUND = re.compile(r"\s*([@.])\s*")
# What nearly all of them look like, read at once: `Bob <bob@hamburger.edu>` and `bob@hamburger.edu`.
_SPEC = r"""[^\s<>@"(),:;\\]++"""
_USUAL = re.compile(
    rf"""(?:(?:\ *+"([^"\\]*+)"\ *+|([^"<>(),:;@\\]*+))<({_SPEC}@{_SPEC})>|\ *+({_SPEC}@{_SPEC}))\ *+(?:,|(?=;)|\Z)"""
)


@dataclass(frozen=True, slots=True)
class Entry:
    """An address as it was written: encoded words in the name are kept, quotes around it are taken off.

    `spec` has no comments any more, and quotes around the local part; `route` is what stood in front (`@a,@b`).
    `is_comment`: there is nothing but a comment, which is the name then.
    """

    name: str
    spec: str
    route: str = ""
    is_comment: bool = False


@dataclass(frozen=True, slots=True)
class GroupMark:
    """A group begins (its name), or ends (an empty name)."""

    name: str = ""


@dataclass(slots=True)
class _Reading:
    """What one address collected so far."""

    text: str
    at: int = 0
    found: list[Entry | GroupMark] = field(default_factory=list)
    # Behind a comma nothing of the next address was read yet.
    fresh: bool = True
    in_group: bool = False
    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    # Kinds of bracket whose closing one does not come any more: they count as plain text from
    # then on, so that a field of opening brackets is read in one pass.
    unclosed: set[str] = field(default_factory=set)


def read(text: str) -> list[Entry | GroupMark]:
    """The list as it was written: addresses, and where groups begin and end. Never raises.

    Each group that begins ends, and none is inside another. Reading stops at 1,000 addresses and marks.
    """
    if not text:
        return []
    return list(_read_short(text)) if len(text) <= _SHORT else _read(text)


@lru_cache(maxsize=500)
def _read_short(text: str) -> tuple[Entry | GroupMark, ...]:
    return tuple(_read(text))


def _read(text: str) -> list[Entry | GroupMark]:
    text = charset.storable(text)
    reading = _Reading(text if text.isprintable() else _CONTROLS.sub(" ", text))
    while reading.at < len(reading.text) and len(reading.found) < MAX_ADDRESSES:
        if not (reading.fresh and _usual(reading)):
            _step(reading)
    _flush(reading)
    _end_group(reading)
    return reading.found


def _usual(reading: _Reading) -> bool:
    """Reads one address of the usual form; False where there is none."""
    found = _USUAL.match(reading.text, reading.at)
    if not found:
        reading.fresh = False
        return False
    quoted, plain, inner, bare = found.groups()
    name = _SPACES.sub(" ", quoted or plain or "").strip()
    reading.found.append(Entry(name, inner or bare))
    reading.at = found.end()
    return True


def _step(reading: _Reading) -> None:
    text, at = reading.text, reading.at
    mark = text[at]
    if mark in ' ,;:()<>"':
        reader = _READERS.get(mark)
        if reader and mark not in reading.unclosed:
            reader(reading)
        elif mark in ",;":
            _flush(reading)
            if mark == ";":
                _end_group(reading)
            reading.at += 1
        elif mark == ":":
            _colon(reading)
        else:
            _mark(reading, mark)
        return
    word = _WORD.match(text, at)
    end = word.end() if word else at + 1
    if end < len(text) and text[end] == ":" and "@[" in text[at:end]:
        literal = _LITERAL.match(text, text.index("@[", at) + 1)
        end = literal.end() if literal else end
    reading.words.append(text[at:end])
    reading.at = end


def _mark(reading: _Reading, mark: str) -> None:
    """A space separates words; a bracket that closes nothing is dropped."""
    if mark == " " and reading.words and reading.words[-1] != " ":
        reading.words.append(" ")
    reading.at += 1


def _colon(reading: _Reading) -> None:
    """Ends the name of a group, except where an address (`mailto:…`, `x@y:z`) goes on."""
    if not reading.words:
        # what is in front is no name
        reading.comments, reading.angle, reading.fresh = [], None, True
        reading.at = _COLONS.match(reading.text, reading.at).end()  # type: ignore[union-attr]
        return
    following = reading.text[reading.at + 1 : reading.at + 2]
    is_address = any("@" in word for word in reading.words) or "".join(reading.words).strip() == "mailto"
    if is_address and following not in (" ", ""):
        reading.words.append(":")
    else:
        _begin_group(reading)
    reading.at += 1


def _begin_group(reading: _Reading) -> None:
    name = _SPACES.sub(" ", "".join(reading.words)).strip()
    if name:
        _end_group(reading)
        reading.found.append(GroupMark(name))
        reading.in_group = True
    reading.words, reading.comments, reading.angle, reading.fresh = [], [], None, True


def _end_group(reading: _Reading) -> None:
    if reading.in_group:
        reading.found.append(GroupMark())
        reading.in_group = False


def _quoted(reading: _Reading) -> None:
    found = _QUOTED.match(reading.text, reading.at)
    if not found:
        reading.unclosed.add('"')
        return
    ahead = reading.text[found.end() : found.end() + 1]
    if ahead == "@":
        reading.words.append(found[0])
    else:
        unquoted = _QUOTED_PAIR.sub(r"\1", found[1])
        reading.words.append(f" {unquoted} ")
    reading.at = found.end()


def _comment(reading: _Reading) -> None:
    end = _comment_end(reading.text, reading.at)
    if end < 0:
        reading.unclosed.add("(")
        return
    reading.comments.append(_QUOTED_PAIR.sub(r"\1", reading.text[reading.at + 1 : end - 1]))
    reading.at = end


def _comment_end(text: str, at: int) -> int:
    depth = 0
    found = _COMMENT_MARK.search(text, at)
    while found:
        mark, at = found[0], found.end()
        if mark == "\\":
            at += 1
        else:
            depth += 1 if mark == "(" else -1
            if not depth:
                return at
        found = _COMMENT_MARK.search(text, at)
    return -1


def _angle(reading: _Reading) -> None:
    end = reading.text.find(">", reading.at)
    if end < 0:
        reading.unclosed.add("<")
        return
    inner = reading.text[reading.at + 1 : end]
    # "<<a@b>" and "Bob <bob <b@c>": the innermost bracket holds the address
    opening = inner.rfind("<")
    if opening >= 0 and '"' not in inner:
        reading.words.append(inner[:opening].replace("<", " "))
        inner = inner[opening + 1 :]
    if reading.angle is None:
        reading.angle = inner
    reading.words.append(" ")
    reading.at = end + 1


_READERS = {'"': _quoted, "(": _comment, "<": _angle}


def _flush(reading: _Reading) -> None:
    phrase = _SPACES.sub(" ", "".join(reading.words)).strip()
    comments = " ".join(reading.comments)
    route = ""
    if reading.angle is not None:
        route, address = _spec(reading.angle)
        name = phrase or comments
    else:
        name, address = _bare(phrase, comments)
    if name or address:
        is_comment = not phrase and reading.angle is None
        reading.found.append(Entry(_SPACES.sub(" ", name).strip(), address, route, is_comment))
    reading.words, reading.comments, reading.angle, reading.fresh = [], [], None, True


def _spec(inner: str) -> tuple[str, str]:
    """The source route and the address between angle brackets: comments and white space taken off."""
    inner = without_comments(inner).strip()
    if '"' not in inner:
        inner = _SPACES.sub("", inner)
    route = ""
    if inner.startswith("@") and ":" in inner:
        route, _, inner = inner.partition(":")
    return route, inner.strip()


def _bare(phrase: str, comments: str) -> tuple[str, str]:
    """Name and address where no angle brackets are: `bob@hamburger.edu (Bob)` or `Bob bob@hamburger.edu`."""
    if "@" not in phrase:
        return phrase or comments, ""
    if phrase.startswith('"'):
        return comments, phrase
    phrase = _AROUND.sub(r"\1", phrase)
    before, _, last = phrase.rpartition(" ")
    if "@" in last:
        return before or comments, last
    address, _, after = phrase.partition(" ")
    return (after, address) if "@" in address else (phrase, "")
