"""What FETCH asks for (RFC 9051 §6.4.5, RFC 3516, 7162, 8474, 8514, 8970)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal as OneOf

AttributeName = OneOf[
    "UID",
    "FLAGS",
    "INTERNALDATE",
    "RFC822.SIZE",
    "ENVELOPE",
    "BODY",
    "BODYSTRUCTURE",
    "MODSEQ",
    "EMAILID",
    "THREADID",
    "SAVEDATE",
]
SectionText = OneOf["", "HEADER", "HEADER.FIELDS", "HEADER.FIELDS.NOT", "TEXT", "MIME"]
# (first octet, number of octets)
Partial = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that is known of the message without reading it."""

    name: AttributeName


@dataclass(frozen=True, slots=True)
class Section:
    """`part` () is the message itself; `text` "" all of the part's body; `fields` for HEADER.FIELDS, as written."""

    part: tuple[int, ...] = ()
    text: SectionText = ""
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BodySection:
    """BODY[…], and RFC822, RFC822.HEADER, RFC822.TEXT. `label` names it in the response: `BODY[1.MIME]<0>`."""

    section: Section
    label: str
    peek: bool = False
    partial: Partial | None = None

    @property
    def is_whole(self) -> bool:
        """Whether it is the whole message, of which nothing has to be known but its size."""
        return not self.section.part and not self.section.text


@dataclass(frozen=True, slots=True)
class Binary:
    """BINARY[…]: a part without its transfer encoding. `label` as in BodySection."""

    part: tuple[int, ...]
    label: str
    peek: bool = False
    partial: Partial | None = None


@dataclass(frozen=True, slots=True)
class BinarySize:
    part: tuple[int, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Preview:
    """`lazy`: only if it costs nothing (RFC 8970)."""

    lazy: bool = False


FetchItem = Attribute | BodySection | Binary | BinarySize | Preview
