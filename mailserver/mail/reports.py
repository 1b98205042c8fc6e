"""The frame that delivery reports and read receipts share: multipart/report (RFC 6522)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailserver.mail import fieldwriter, mimewriter, structure
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.headers import Headers, message_ids, split_header
from mailserver.mail.mimewriter import Entity
from mailserver.mail.structure import Part

MAX_HEADER = 1024
_MAX_MACHINE = 256 * 1024
_MAX_BLOCKS = 1000
_MAX_WORD = 200
_ENCLOSED = (*structure.MESSAGE_TYPES, "text/rfc822-headers", "message/rfc822-headers", "message/global-headers")
_BETWEEN_BLOCKS = re.compile(rb"(?:\r?\n[ \t]*){2,}")
_LINE_ENDS = re.compile(rb"\r\n|\r|\n")
_BREAKS = re.compile(r"[\r\n\x00]+")


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who reports to whom. Reports answer nobody: MAIL FROM is empty whatever stands here."""

    sender: HeaderAddress
    to: str
    subject: str
    date: datetime
    message_id: str
    auto_submitted: str = "auto-replied"


def write(envelope: Envelope, kind: str, text: str, blocks: Sequence[bytes], original: bytes, *, full: bool) -> bytes:
    """A report: `text` for people, `blocks` of fields for programs, then the start of the original's header.

    `kind` is `delivery-status` or `disposition-notification`. `full` encloses the whole of `original`.
    """
    machine = b"\r\n".join(blocks)
    status = "message/" + (kind if machine.isascii() else f"global-{kind}")
    parts = [
        mimewriter.text("plain", text),
        Entity(status, encoding="7bit" if machine.isascii() else "8bit", body=machine),
        _whole_part(original) if full else _header_part(original),
    ]
    ids = original_ids(original)
    lines = [
        f"Date: {format_datetime(envelope.date)}\r\n".encode(),
        fieldwriter.addresses("From", [envelope.sender]),
        fieldwriter.addresses("To", [HeaderAddress("", envelope.to)]),
        fieldwriter.unstructured("Subject", line(envelope.subject)),
        fieldwriter.identifiers("Message-ID", [envelope.message_id]),
        *([fieldwriter.identifiers("In-Reply-To", ids), fieldwriter.identifiers("References", ids)] if ids else []),
        fieldwriter.unstructured("Auto-Submitted", envelope.auto_submitted),
        b"MIME-Version: 1.0\r\n",
    ]
    content = Entity("multipart/report", {"report-type": kind}, parts=parts)
    return b"".join(lines) + mimewriter.write(content, seed=envelope.message_id)


def field(name: str, value: str) -> bytes:
    """One field for programs; line breaks in what others said become spaces, endless words are broken."""
    words = [word[at : at + _MAX_WORD] for word in line(value).split(" ") for at in range(0, len(word), _MAX_WORD)]
    return fieldwriter.folded(name, words) if words else b""


def line(text: str) -> str:
    """The text on one line."""
    return " ".join(_BREAKS.sub(" ", text).split())


def original_ids(original: bytes) -> list[str]:
    """The Message-ID of the message reported on, as a list of one or none."""
    found = message_ids(Headers(original).get("message-id"))[:1]
    return [item for item in found if item.isprintable() and " " not in item]


def machine_blocks(raw: bytes, part: Part) -> Iterator[Headers]:
    """The groups of fields of a status part, which empty lines separate (RFC 3464 §2.1)."""
    body = structure.content(raw, part)[:_MAX_MACHINE].strip()
    for block in _BETWEEN_BLOCKS.split(body)[:_MAX_BLOCKS]:
        headers = Headers(block)
        if headers.fields:
            yield headers


def enclosed_header(raw: bytes, root: Part) -> Headers:
    """The header of the message a report is about; empty when it has none."""
    for part in structure.walk(root):
        if part.message:
            return Headers(raw, part.message.header_start, part.message.body_start)
        if part.type in _ENCLOSED and part is not root:
            return Headers(structure.content(raw, part))
    return Headers(b"")


def typed(value: str) -> str:
    """The value behind its type: `rfc822; <bob@hamburger.edu>` gives `bob@hamburger.edu`."""
    kind, separator, rest = value.partition(";")
    return (rest if separator else kind).strip().strip("<>").strip()


def join(paragraphs: Iterable[str]) -> str:
    """Paragraphs with an empty line between them, empty ones left out."""
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _whole_part(original: bytes) -> Entity:
    """RFC 6533 §4: a header beyond ASCII makes it `message/global`."""
    header = split_header(original)[0]
    return mimewriter.file("", "message/global" if _is_global(header) else "message/rfc822", original, "inline")


def _is_global(header: bytes) -> bool:
    try:
        return not header.decode("utf-8").isascii()
    except UnicodeDecodeError:
        return False


def _header_part(original: bytes) -> Entity:
    """The first 1 KB of the header, whole lines: enough to know the message, too little to pass on a letter."""
    header = split_header(original)[0]
    if len(header) > MAX_HEADER:
        header = header[: header.rfind(b"\n", 0, MAX_HEADER) + 1]
    if _is_global(header):
        lines = _LINE_ENDS.sub(b"\r\n", header.strip(b"\r\n")) + b"\r\n"
        return Entity("message/global-headers", encoding="8bit", body=lines)
    return mimewriter.text("rfc822-headers", header.decode("utf-8", "replace").strip("\r\n"))
