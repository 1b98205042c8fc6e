"""Addresses in header fields and form fields: RFC 5322 §3.4 as tolerantly as mail needs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailserver.mail import charset, encodedwords
from mailserver.mail.parameters import without_comments

MAX_ADDRESSES = 1000
MAX_NAME = 200
MAX_ADDRESS = 320
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]+")
_SPACES = re.compile(r"\s+")
# An encoded word counts as one word although some senders leave commas and colons in it.
_WORD = re.compile(r'=\?[^?\s]{1,80}\?[bBqQ]\?[^?\s]{0,998}\?=|[^\s()<>",;:]+')
_QUOTED = re.compile(r'"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_LITERAL = re.compile(r"\[[^\]\s]{0,255}\]")
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)
_COMMENT_MARK = re.compile(r"[()\\]")
_AROUND = re.compile(r"\s*([@.])\s*")
# RFC 5322 §3.2.3 atext and spaces: names of other characters are written as quoted strings.
# An item of a plain list, with the comma behind it: `"Name" <address>`, `Name <address>`, `address`.
_ATOM = r'[^\x00-\x20\x7f",;:()<>\\@\[\]]+'
_NAME = r'"([^"\\\x00-\x1f\x7f]*)" *|([^"\\\x00-\x1f\x7f,;:()<>@]*)'
_ITEM = re.compile(rf" *(?:(?:{_NAME})<({_ATOM}@{_ATOM})>|({_ATOM}@{_ATOM})) *(?:,|\Z)")
# Short enough for fewer than MAX_ADDRESSES.
_SHORT = 3000
_PLAIN_NAME = re.compile(r"[\w!#$%&'*+/=?^`{|}~ -]+")
_PLAIN_LOCAL = re.compile(r"[\w!#$%&'*+/=?^`{|}~.-]+")


@dataclass(frozen=True, slots=True)
class HeaderAddress:
    """A display name and an address, each possibly empty: header fields promise nothing."""

    name: str
    address: str

    def __str__(self) -> str:
        if not self.name:
            return self.address
        name = self.name
        if not _PLAIN_NAME.fullmatch(name) or "=?" in name:
            escaped = name.replace("\\", "\\\\").replace('"', '\\"')
            name = f'"{escaped}"'
        return f"{name} <{self.address}>"


@dataclass(slots=True)
class _Reading:
    """What one address collected so far."""

    text: str
    at: int = 0
    found: list[HeaderAddress] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    # Kinds of bracket whose closing one does not come any more: they count as plain text from
    # then on, so that a field of opening brackets is read in one pass.
    unclosed: set[str] = field(default_factory=set)


def parse_list(text: str) -> list[HeaderAddress]:
    """The addresses of a list, groups flattened, encoded words in names decoded. Never raises.

    `text` is unfolded or not; RFC 2047 words must not be decoded yet, as they may hold commas. At most
    1,000 addresses, names cut at 200 characters.
    """
    if len(text) <= _SHORT and text.isascii():
        found = _plain(text)
        if found is not None:
            return found
    return _read(text)


def _plain(text: str) -> list[HeaderAddress] | None:
    """The addresses of a list as most programs write it; None when it has anything else."""
    found: list[HeaderAddress] = []
    at = 0
    while at < len(text):
        item = _ITEM.match(text, at)
        if item is None:
            return None
        quoted, name, angled, bare = item.groups()
        name = _SPACES.sub(" ", quoted or name or "").strip()
        if "=?" in name:
            name = _CONTROLS.sub(" ", _SPACES.sub(" ", encodedwords.decode(name)).strip())
        found.append(HeaderAddress(name[:MAX_NAME], (angled or bare)[:MAX_ADDRESS]))
        at = item.end()
    return found


def _read(text: str) -> list[HeaderAddress]:
    reading = _Reading(_CONTROLS.sub(" ", charset.storable(text)))
    while reading.at < len(reading.text) and len(reading.found) < MAX_ADDRESSES:
        _step(reading)
    _flush(reading)
    return reading.found


def format_list(addresses: Iterable[HeaderAddress]) -> str:
    """`Bob <bob@hamburger.edu>, "Hal, Jr." <hal@example.org>`: unencoded, for forms and pages."""
    return ", ".join(str(address) for address in addresses)


def _step(reading: _Reading) -> None:
    text, at = reading.text, reading.at
    mark = text[at]
    if mark in ' ,;:()<>"':
        reader = _READERS.get(mark)
        if reader and mark not in reading.unclosed:
            reader(reading)
        elif mark in ",;":
            _flush(reading)
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
    following = reading.text[reading.at + 1 : reading.at + 2]
    is_address = any("@" in word for word in reading.words) or "".join(reading.words).strip() == "mailto"
    if is_address and following not in (" ", ""):
        reading.words.append(":")
    else:
        reading.words, reading.comments, reading.angle = [], [], None
    reading.at += 1


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
    if reading.angle is not None:
        address = _spec(reading.angle)
        name = phrase or comments
    else:
        name, address = _bare(phrase, comments)
    if name or address:
        name = _SPACES.sub(" ", encodedwords.decode(_CONTROLS.sub(" ", name))).strip()
        reading.found.append(HeaderAddress(_CONTROLS.sub(" ", name)[:MAX_NAME], address[:MAX_ADDRESS]))
    reading.words, reading.comments, reading.angle = [], [], None


def _spec(inner: str) -> str:
    """The address between angle brackets: comments, white space and a source route taken off."""
    inner = without_comments(inner).strip()
    if '"' not in inner:
        inner = _SPACES.sub("", inner)
    if inner.startswith("@") and ":" in inner:
        inner = inner.partition(":")[2]
    return inner.strip()


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
