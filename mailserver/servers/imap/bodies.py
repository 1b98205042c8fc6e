"""The octets of messages in FETCH responses: read and sent in pieces, so that a large message takes little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.mail import encodings, structure
from mailserver.mail.structure import Part
from mailserver.servers import bridge
from mailserver.servers.imap import responses, sections
from mailserver.servers.imap.grammar.attributes import Binary, BinarySize, BodySection, Partial
from mailserver.servers.imap.responses import Refusal
from mailserver.servers.imap.sections import Span
from mailserver.services import entries
from mailserver.services.entries import Entry

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

PIECE = 1024 * 1024


class BodyWriter:
    """For the messages of one command."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._of: int = -1
        self._root: Part | None = None

    async def write(self, item: BodySection | Binary | BinarySize, entry: Entry) -> None:
        """The item with its value. Raises Refusal for BINARY of a part in an encoding that nobody knows."""
        if isinstance(item, BodySection):
            await self._section(item, entry)
        elif isinstance(item, Binary):
            await self._binary(item, entry)
        else:
            await self._binary_size(item, entry)

    def _tree(self, entry: Entry) -> Part:
        """Read from its JSON form once, however many sections are asked for."""
        if self._root is None or self._of != entry.uid:
            self._of, self._root = entry.uid, structure.from_json(entry.parts)
        return self._root

    async def _section(self, item: BodySection, entry: Entry) -> None:
        section = item.section
        if not section.part and section.text.startswith("HEADER"):
            self._octets(item.label, self._fields(item, entry.prefix + entry.header_block), item.partial)
            return
        if item.is_whole:
            await self._span(item.label, entry, Span(0, entry.size - len(entry.prefix), prefixed=True), item.partial)
            return
        found = sections.span(self._tree(entry), section)
        if found is None:
            self._session.connection.say(_label(item.label), b" NIL")
        elif section.text.startswith("HEADER.FIELDS"):
            header = await self._read(entry, found)
            self._octets(item.label, self._fields(item, header), item.partial)
        else:
            await self._span(item.label, entry, found, item.partial)

    def _fields(self, item: BodySection, header: bytes) -> bytes:
        section = item.section
        if section.text == "HEADER":
            return header
        return sections.fields(header, section.fields, others=section.text == "HEADER.FIELDS.NOT")

    def _octets(self, label: str, octets: bytes, partial: Partial | None) -> None:
        if partial is not None:
            octets = octets[partial[0] : partial[0] + partial[1]]
        self._session.connection.say(_label(label), b" ", responses.literal(octets))

    async def _span(self, label: str, entry: Entry, span: Span, partial: Partial | None) -> None:
        """Send octets as they are, in pieces."""
        prefix = entry.prefix if span.prefixed else b""
        start, length = 0, len(prefix) + span.end - span.start
        if partial is not None:
            start = min(partial[0], length)
            length = min(partial[1], length - start)
        connection = self._session.connection
        connection.say(_label(label), b" {%d}\r\n" % length)
        inside = prefix[start : start + length]
        connection.say(inside)
        at = span.start + max(0, start - len(prefix))
        left = length - len(inside)
        while left:
            octets = await _octets(entry, at, min(left, PIECE))
            if not octets:
                # The length is said already, and nothing else may stand here.
                raise RuntimeError(f"blob {entry.blob} ends before octet {at + left}")
            connection.say(octets)
            at, left = at + len(octets), left - len(octets)
            if connection.waiting >= PIECE:
                await self._session.flush()

    async def _read(self, entry: Entry, span: Span) -> bytes:
        octets = await _octets(entry, span.start, span.end - span.start)
        return (entry.prefix if span.prefixed else b"") + octets

    async def _binary(self, item: Binary, entry: Entry) -> None:
        part = self._part(item.part, entry)
        connection = self._session.connection
        if part is None:
            connection.say(_label(item.label), b" NIL")
            return
        if not item.part:
            await self._span(item.label, entry, Span(0, part.body_end, prefixed=True), item.partial)
            return
        await self._check_encoding(part, entry)
        if part.encoding in encodings.IDENTITY or part.is_multipart:
            await self._span(item.label, entry, Span(part.body_start, part.body_end), item.partial)
            return
        async with self._session.site.turns:
            octets = encodings.decode(await self._read(entry, Span(part.body_start, part.body_end)), part.encoding)
            if item.partial is not None:
                octets = octets[item.partial[0] : item.partial[0] + item.partial[1]]
            marker = b"~" if b"\0" in octets else b""
            connection.say(_label(item.label), b" ", marker, responses.literal(octets))
            await self._session.flush()

    async def _check_encoding(self, part: Part, entry: Entry) -> None:
        """RFC 3516 §4.3. Elsewhere octets in an unknown encoding are taken as they are, as `binary`."""
        if part.encoding != "binary":
            return
        header = await self._read(entry, Span(part.header_start, part.body_start))
        found = sections.fields(header, ("Content-Transfer-Encoding",), others=False).partition(b":")[2]
        if found.partition(b";")[0].strip(b"\"' \t\r\n").lower() != b"binary":
            raise Refusal("This part is in an encoding that is not known here.", "UNKNOWN-CTE")

    async def _binary_size(self, item: BinarySize, entry: Entry) -> None:
        part = self._part(item.part, entry)
        size = 0
        if part is not None and item.part:
            await self._check_encoding(part, entry)
        if part is not None:
            size = part.size if part.is_multipart else part.decoded_size
        if part is not None and not item.part:
            size = entry.size
        self._session.connection.say(item.label.encode("ascii"), b" %d" % size)

    def _part(self, path: tuple[int, ...], entry: Entry) -> Part | None:
        root = self._tree(entry)
        return sections.find(root, path) if path else root


async def _octets(entry: Entry, start: int, length: int) -> bytes:
    """Of the blob, without our trace fields."""
    if start + length <= len(entry.head):
        return entry.head[start : start + length]
    found: bytes = await bridge.run_reading(entries.octets, blob_id=entry.blob, prefix=b"", start=start, length=length)
    return found


def _label(label: str) -> bytes:
    return label.encode("ascii", "replace")
