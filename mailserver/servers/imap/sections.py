"""Where the octets of BODY[…] and BINARY[…] lie in a message (RFC 9051 §6.4.5.1). Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from mailserver.mail import structure
from mailserver.mail.structure import Part
from mailserver.servers.imap.grammar.attributes import Section

_FIELD_END = re.compile(rb"\r?\n(?![ \t])")


@dataclass(frozen=True, slots=True)
class Span:
    """Octets of the blob; `prefixed`: our trace fields come in front of them."""

    start: int
    end: int
    prefixed: bool = False


def span(root: Part, section: Section) -> Span | None:
    """The octets of a section, all of its header for HEADER.FIELDS; None when the message has no such part."""
    if not section.part:
        return _of_message(root, section.text, prefixed=True)
    part = find(root, section.part)
    if part is None:
        return None
    if section.text == "":
        return Span(part.body_start, part.body_end)
    if section.text == "MIME":
        return Span(part.header_start, part.body_start)
    return _of_message(part.message, section.text, prefixed=False) if part.message else None


def find(root: Part, path: tuple[int, ...]) -> Part | None:
    """The part with a path; the only part of a simple message is 1."""
    return structure.find(root, ".".join(map(str, path)))


def _of_message(message: Part, text: str, *, prefixed: bool) -> Span:
    if text == "TEXT":
        return Span(message.body_start, message.body_end)
    if text.startswith("HEADER"):
        return Span(message.header_start, message.body_start, prefixed)
    return Span(message.header_start, message.body_end, prefixed)


def fields(header: bytes, names: Iterable[str], *, others: bool) -> bytes:
    """The fields with these names, or all others, and the empty line that ends a header."""
    wanted = {name.encode("ascii", "replace").lower() for name in names}
    found = []
    for field in _each(header):
        name = field.partition(b":")[0].strip().lower()
        if (name in wanted) != others:
            found.append(field)
    return b"".join(found) + b"\r\n"


def _each(header: bytes) -> Iterable[bytes]:
    """Each field with its line end; the empty line is left out."""
    at = 0
    while at < len(header):
        found = _FIELD_END.search(header, at)
        end = found.end() if found else len(header)
        if header[at:end].strip(b"\r\n"):
            yield header[at:end]
        at = end
