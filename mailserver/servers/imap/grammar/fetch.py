"""FETCH: attributes, sections and modifiers (RFC 9051 §6.4.5, RFC 3516, 7162, 8474, 8514, 8970)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import get_args

from mailserver.servers.imap.grammar import sets
from mailserver.servers.imap.grammar.attributes import (
    Attribute,
    AttributeName,
    Binary,
    BinarySize,
    BodySection,
    FetchItem,
    Partial,
    Preview,
    Section,
    SectionText,
)
from mailserver.servers.imap.grammar.lexer import MAX_NUMBER64, Lexer
from mailserver.servers.imap.grammar.messagecommands import Fetch

MAX_ITEMS = 500

_NAMES: tuple[AttributeName, ...] = get_args(AttributeName)
_TEXTS: tuple[SectionText, ...] = ("HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME")
_PLAIN: Mapping[str, FetchItem] = {
    **{name: Attribute(name) for name in _NAMES},
    "RFC822": BodySection(Section(), "RFC822"),
    "RFC822.HEADER": BodySection(Section(text="HEADER"), "RFC822.HEADER", peek=True),
    "RFC822.TEXT": BodySection(Section(text="TEXT"), "RFC822.TEXT"),
}
_FAST: tuple[AttributeName, ...] = ("FLAGS", "INTERNALDATE", "RFC822.SIZE")
_MACROS: Mapping[str, tuple[FetchItem, ...]] = {
    "FAST": tuple(Attribute(name) for name in _FAST),
    "ALL": tuple(Attribute(name) for name in (*_FAST, "ENVELOPE")),
    "FULL": tuple(Attribute(name) for name in (*_FAST, "ENVELOPE", "BODY")),
}
_PART = re.compile(rb"[1-9][0-9]{0,9}(?:\.[1-9][0-9]{0,9})*")
_LAZY = re.compile(rb" +\( *LAZY *\)", re.IGNORECASE)
# What goes into a label without quotes.
_FIELD = re.compile(r"[!#$&'+,\-./0-9:;<=>?@A-Z\[^_`a-z|}~]+")
_NO_FIELD = re.compile(r"[^ -~]")


def fetch(lexer: Lexer, *, uid: bool) -> Fetch:
    messages = sets.messages(lexer, uid=uid)
    lexer.space()
    found = items(lexer)
    changed_since, vanished = _modifiers(lexer) if lexer.more() else (None, False)
    # RFC 7162 §3.2.6
    if vanished and (not uid or changed_since is None):
        raise lexer.wrong("VANISHED needs UID FETCH and CHANGEDSINCE")
    return Fetch(messages, found, uid=uid, changed_since=changed_since, vanished=vanished)


def items(lexer: Lexer) -> tuple[FetchItem, ...]:
    """A macro, one attribute, or several in parentheses."""
    if lexer.comes(b"("):
        return _unique(lexer, lexer.listed(lambda: item(lexer)))
    name = lexer.word("attribute")
    return _MACROS.get(name) or (_item(lexer, name),)


def item(lexer: Lexer) -> FetchItem:
    return _item(lexer, lexer.word("attribute"))


def _unique(lexer: Lexer, found: tuple[FetchItem, ...]) -> tuple[FetchItem, ...]:
    if len(found) > MAX_ITEMS:
        raise lexer.wrong(f"at most {MAX_ITEMS} attributes")
    return tuple(dict.fromkeys(found))


def _item(lexer: Lexer, name: str) -> FetchItem:
    read = _WITH_ARGUMENT.get(name)
    if read and (name == "PREVIEW" or lexer.accept(b"[")):
        return read(lexer, name)
    if name not in _PLAIN:
        raise lexer.wrong("no such attribute")
    return _PLAIN[name]


def _preview(lexer: Lexer, _: str) -> Preview:
    # Other parentheses are modifiers of the command.
    return Preview(lazy=lexer.match(_LAZY) is not None)


def _body(lexer: Lexer, name: str) -> BodySection:
    section, written = _section(lexer)
    partial, origin = _partial(lexer)
    return BodySection(section, f"BODY[{written}]{origin}", peek=name == "BODY.PEEK", partial=partial)


def _binary(lexer: Lexer, name: str) -> Binary:
    part, written = _part(lexer)
    lexer.expect(b"]")
    partial, origin = _partial(lexer)
    return Binary(part, f"BINARY[{written}]{origin}", peek=name == "BINARY.PEEK", partial=partial)


def _binary_size(lexer: Lexer, _: str) -> BinarySize:
    part, written = _part(lexer)
    lexer.expect(b"]")
    return BinarySize(part, f"BINARY.SIZE[{written}]")


_WITH_ARGUMENT: Mapping[str, Callable[[Lexer, str], FetchItem]] = {
    "BODY": _body,
    "BODY.PEEK": _body,
    "BINARY": _binary,
    "BINARY.PEEK": _binary,
    "BINARY.SIZE": _binary_size,
    "PREVIEW": _preview,
}


def _section(lexer: Lexer) -> tuple[Section, str]:
    """RFC 9051 §9, `section`, after its `[`: the value and how it is written."""
    part, written = _part(lexer)
    if lexer.accept(b"]"):
        return Section(part), written
    if part:
        lexer.expect(b".")
    text = _text(lexer, part)
    fields: tuple[str, ...] = ()
    written += f".{text}" if part else text
    if text.startswith("HEADER.FIELDS"):
        lexer.spaces()
        fields = lexer.listed(lambda: _field(lexer))
        written += f" ({' '.join(_quoted(field) for field in fields)})"
    lexer.expect(b"]")
    return Section(part, text, fields), written


def _text(lexer: Lexer, part: tuple[int, ...]) -> SectionText:
    text = lexer.one_of(_TEXTS, "section")
    if text == "MIME" and not part:
        raise lexer.wrong("MIME is of a part")
    return text


def _part(lexer: Lexer) -> tuple[tuple[int, ...], str]:
    found = lexer.match(_PART)
    if found is None:
        return (), ""
    return tuple(int(number) for number in found[0].split(b".")), found[0].decode("ascii")


def _partial(lexer: Lexer) -> tuple[Partial | None, str]:
    if not lexer.accept(b"<"):
        return None, ""
    first = lexer.number("first octet", most=MAX_NUMBER64)
    lexer.expect(b".")
    length = lexer.number("number of octets", least=1, most=MAX_NUMBER64)
    lexer.expect(b">")
    return (first, length), f"<{first}>"


def _field(lexer: Lexer) -> str:
    """The name of a header field: any text that may go into the label, even if no field is called so."""
    name = lexer.astring("header field").decode("latin-1")
    if _NO_FIELD.search(name):
        raise lexer.wrong("no such header field")
    return name


def _quoted(field: str) -> str:
    if _FIELD.fullmatch(field):
        return field
    escaped = field.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _modifiers(lexer: Lexer) -> tuple[int | None, bool]:
    """RFC 7162 §3.1.4.1, §3.2.6: CHANGEDSINCE and VANISHED."""
    changed_since: int | None = None
    vanished = False

    def read() -> None:
        nonlocal changed_since, vanished
        if lexer.one_of(("CHANGEDSINCE", "VANISHED"), "modifier") == "VANISHED":
            vanished = True
            return
        lexer.space()
        # The RFC begins at 1; Thunderbird with CONDSTORE says 0 of a folder that it never saw.
        changed_since = lexer.number("modseq", most=MAX_NUMBER64)

    lexer.listed(read)
    return changed_since, vanished
