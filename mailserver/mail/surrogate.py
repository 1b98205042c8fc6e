"""Messages for readers that know no UTF-8 in headers (RFC 6856 §2.1), in the manner of RFC 6858: ASCII in all headers,
those of parts and enclosed messages too. Bodies stay as they are, 8bit ones as well.

Texts and names become encoded words (RFC 2047), parameters those of RFC 2231, domains A-labels. An address whose local
part is beyond ASCII becomes one that nobody has, behind its name and what it was. Other fields are left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mailserver.errors import InvalidName
from mailserver.mail import addresses, fieldwriter, structure
from mailserver.mail.addresslists import HeaderAddress, parse_list
from mailserver.mail.headers import Field, Headers, decoded, unfold
from mailserver.mail.parameters import parse
from mailserver.mail.structure import Part

# RFC 6858 §2.1: in a domain that never is.
NOBODY = "invalid@internationalized-address.invalid"

_ADDRESSES = frozenset(
    {
        *("from", "sender", "reply-to", "to", "cc", "bcc", "mail-followup-to", "mail-reply-to"),
        *("resent-from", "resent-sender", "resent-to", "resent-cc", "resent-bcc", "resent-reply-to"),
        *("disposition-notification-to", "return-receipt-to", "errors-to"),
    }
)
_PARAMETERS = frozenset({"content-type", "content-disposition"})
# Programs read these, and would read something else than what was there.
_LEFT_OUT = frozenset(
    {
        *("received", "return-path", "delivered-to", "date", "resent-date", "mime-version", "auto-submitted"),
        *("message-id", "in-reply-to", "references", "resent-message-id", "content-id", "content-transfer-encoding"),
        *("authentication-results", "dkim-signature", "content-language", "content-location", "autocrypt"),
    }
)
_LEFT_OUT_KINDS = ("list-", "arc-", "original-")
# Octets that are written anew in one message, and domains of it, each 0.3 ms. Behind them fields are left out.
_MAX_OCTETS, _MAX_DOMAINS = 64 * 1024, 100
_QUESTION_MARKS = bytes(octet if octet < 0x80 else ord("?") for octet in range(256))


class Edit(NamedTuple):
    """What stands in the place of `raw[start:end]`."""

    start: int
    end: int
    octets: bytes


def edits(raw: bytes, root: Part | None = None) -> list[Edit]:
    """What is to be changed, in the order of the octets; nothing in most messages. `root`: if it was scanned before."""
    if raw.isascii():
        return []
    writer, found = _Writer(), []
    for part in structure.walk(root or structure.scan(raw)):
        block = raw[part.header_start : part.body_start]
        if not block.isascii():
            found.append(Edit(part.header_start, part.body_start, writer.header(block)))
    return sorted(found)


def growth(changed: Sequence[Edit]) -> int:
    """By how many octets the message grows."""
    return sum(len(edit.octets) - (edit.end - edit.start) for edit in changed)


def header(block: bytes) -> bytes:
    """Header fields, such as those of a delivery, in ASCII."""
    return block if block.isascii() else _Writer().header(block)


class Patch:
    """The message with its edits, however it is cut into pieces."""

    def __init__(self, changed: Sequence[Edit]) -> None:
        self._edits = list(reversed(changed))
        self._at = 0
        self._inside = False

    def feed(self, piece: bytes) -> bytes:
        start, end = self._at, self._at + len(piece)
        at, made = start, []
        while self._edits and self._edits[-1].start < end:
            edit = self._edits[-1]
            if not self._inside:
                made += [piece[at - start : edit.start - start], edit.octets]
            self._inside = edit.end > end
            at = min(edit.end, end)
            if self._inside:
                break
            self._edits.pop()
        self._at = end
        return b"".join([*made, piece[at - start :]]) if made or at > start else piece


class _Writer:
    def __init__(self) -> None:
        self._octets, self._domains = _MAX_OCTETS, _MAX_DOMAINS

    def header(self, block: bytes) -> bytes:
        """The fields that are ASCII as they are; of what is no field each octet above 127 as a question mark."""
        made, at = [], 0
        for field in Headers(block).fields:
            made.append(block[at : field.start].translate(_QUESTION_MARKS))
            whole = block[field.start : field.end]
            made.append(whole if whole.isascii() else self._field(field, whole))
            at = field.end
        return b"".join([*made, block[at:].translate(_QUESTION_MARKS)])

    def _field(self, field: Field, whole: bytes) -> bytes:
        self._octets -= len(whole)
        name = whole[: len(field.name)]
        if self._octets < 0 or not name.isascii():
            return b""
        if field.name in _LEFT_OUT or field.name.startswith(_LEFT_OUT_KINDS):
            return b""
        try:
            written = self._written(field, name.decode("ascii"))
        except InvalidName:
            return b""
        return written if written.isascii() else b""

    def _written(self, field: Field, name: str) -> bytes:
        if field.name in _ADDRESSES:
            people = [self._person(person) for person in parse_list(unfold(field.value))]
            return fieldwriter.addresses(name, people) if people else b""
        if field.name in _PARAMETERS:
            value, parameters = parse(unfold(field.value))
            known = {key: text for key, text in parameters.items() if key.isascii()}
            return fieldwriter.parameterised(name, value, known) if value else b""
        return fieldwriter.unstructured(name, decoded(field.value))

    def _person(self, person: HeaderAddress) -> HeaderAddress:
        if person.address.isascii():
            return person
        self._domains -= 1
        try:
            address = str(addresses.parse(person.address)) if self._domains >= 0 else ""
        except InvalidName:
            address = ""
        if address and address.isascii():
            return HeaderAddress(person.name, address)
        return HeaderAddress(f"{person.name} {person.address}".strip(), NOBODY)
