"""A message as the store keeps it: parsed once, at arrival, from its octets."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailserver.mail import bodies, names, preview, structure, surrogate
from mailserver.mail.addresslists import HeaderAddress, parse_list
from mailserver.mail.headers import Headers, message_ids, of_message, parse_date
from mailserver.mail.imapforms import Forms, forms
from mailserver.mail.searchterms import fold
from mailserver.mail.structure import Part
from mailserver.mail.threading import base_subject

# Raise it when a stored field would come out differently; old messages are then read again (services/reparse.py).
# `makemigrations` wants a migration for it: an index of the store holds the messages of older versions.
PARSER_VERSION = 3

MAX_SUBJECT = 998
MAX_ID_OCTETS = 998
MAX_SEARCH_OCTETS = 1000
_PREVIEW_OCTETS, _PREVIEW_PARTS = 128 * 1024, 5
_BULK = frozenset({"list", "bulk", "junk"})


@dataclass(frozen=True, slots=True)
class Parsed:
    """What the list, the conversation and the search know of a message.

    No text here holds NUL or lone surrogates; lengths are bounded. Offsets of `root` count from the start
    of the octets; `raw[:header_length]` is the header with the empty line behind it.
    `attachments` are (file name, type, octets, section). `search_header` is folded
    `subject \\x01 from \\x01 to and cc`, at most 1,000 octets; `header_cut` tells that some was cut off.
    `growth` is by how many octets its form for readers without UTF-8 is longer, None where it is one for them.
    """

    subject: str
    sender: HeaderAddress | None
    to: list[HeaderAddress]
    cc: list[HeaderAddress]
    bcc: list[HeaderAddress]
    reply_to: list[HeaderAddress]
    message_id: str
    in_reply_to: str
    references: list[str]
    date: datetime | None
    base_subject: str
    preview: str
    has_attachments: bool
    attachments: list[tuple[str, str, int, str]]
    root: Part
    header_length: int
    search_header: str
    header_cut: bool
    is_list: bool
    auto_submitted: bool
    forms: Forms
    growth: int | None


def parse(raw: bytes) -> Parsed:
    """Everything the store keeps of a message. Never raises: what cannot be read stays empty."""
    root = structure.scan(raw)
    headers = of_message(raw)
    found = bodies.select(root)
    subject = headers.get("subject")[:MAX_SUBJECT]
    senders = parse_list(headers.unfolded("from")) or parse_list(headers.unfolded("sender"))
    sender = senders[0] if senders else None
    to, cc = parse_list(headers.undecoded("to")), parse_list(headers.undecoded("cc"))
    search_header, header_cut = _search_header(subject, senders, [*to, *cc])
    changed = surrogate.edits(raw, root)
    return Parsed(
        subject=subject,
        sender=sender,
        to=to,
        cc=cc,
        bcc=parse_list(headers.undecoded("bcc")),
        reply_to=parse_list(headers.unfolded("reply-to")),
        message_id=_first_id(headers.unfolded("message-id")),
        in_reply_to=_first_id(headers.unfolded("in-reply-to")),
        references=[_cut(item) for item in message_ids(headers.unfolded("references"))],
        date=parse_date(headers.unfolded("date")),
        base_subject=_cut(base_subject(subject)),
        preview=_preview(raw, found),
        has_attachments=bool(found.attachments),
        attachments=[_attachment(raw, part) for part in found.attachments],
        root=root,
        header_length=root.body_start,
        search_header=search_header,
        header_cut=header_cut,
        is_list=_is_list(headers),
        auto_submitted=_is_automatic(headers),
        forms=forms(raw, root, headers),
        growth=surrogate.growth(changed) if changed else None,
    )


def _is_list(headers: Headers) -> bool:
    """Mailing lists and bulk mail (RFC 2919, RFC 2369, RFC 3834 §2)."""
    if any(name in headers for name in ("list-id", "list-post", "list-unsubscribe")):
        return True
    return headers.get("precedence").strip().lower() in _BULK


def _is_automatic(headers: Headers) -> bool:
    """Auto-Submitted with any value but `no` (RFC 3834 §5)."""
    value = headers.get("auto-submitted").partition(";")[0].strip().lower()
    return value not in ("", "no") or headers.get("precedence").strip().lower() == "auto_reply"


def _first_id(text: str) -> str:
    return _cut(next(iter(message_ids(text)), ""))


def _cut(text: str, octets: int = MAX_ID_OCTETS) -> str:
    """The text in at most that many octets of UTF-8: index entries of PostgreSQL are bounded in octets."""
    if len(text) * 4 <= octets:
        return text
    return text.encode("utf-8", "replace")[:octets].decode("utf-8", "ignore")


def _preview(raw: bytes, found: bodies.Bodies) -> str:
    """From the first text that has any words, text before HTML."""
    for part in (*found.plain[:_PREVIEW_PARTS], *found.html[:_PREVIEW_PARTS]):
        if part.type == "text/plain":
            text = preview.from_text(structure.text(raw, part, limit=_PREVIEW_OCTETS))
        elif part.type == "text/html":
            text = preview.from_html(structure.text(raw, part, limit=_PREVIEW_OCTETS))
        else:
            continue
        if text:
            return text
    return ""


def _attachment(raw: bytes, part: Part) -> tuple[str, str, int, str]:
    name = names.file_name(part.name, "")
    if not name and part.message:
        subject = Headers(raw, part.message.header_start, part.message.body_start).get("subject")
        name = names.file_name(f"{subject}.eml", "") if subject else ""
    return name or names.for_type(part.type, part.section), part.type, part.decoded_size, part.section


def people(addresses: Iterable[HeaderAddress]) -> str:
    """Names and addresses as they are searched."""
    return ", ".join(f"{person.name} {person.address}" for person in addresses)


def _search_header(subject: str, senders: list[HeaderAddress], recipients: list[HeaderAddress]) -> tuple[str, bool]:
    text = "\x01".join(fold(field).strip() for field in (subject, people(senders), people(recipients)))
    cut = _cut(text, MAX_SEARCH_OCTETS)
    return cut, cut != text
