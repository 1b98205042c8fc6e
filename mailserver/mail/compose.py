"""Messages as a good mail program writes them (RFC 5322, 2045-2047, 2231, 2387, 8098)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime

from mailserver.errors import InvalidName
from mailserver.mail import fieldwriter, htmllayout, mimewriter
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.mimewriter import Entity
from mailserver.mail.quoting import forward_subject, forward_text, quote_html, quote_text, reply_subject

__all__ = [
    "Attachment",
    "Draft",
    "build",
    "forward_subject",
    "forward_text",
    "quote_html",
    "quote_text",
    "reply_subject",
]

_FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,70}")
_MAX_REFERENCES = 100


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file to send. With a `content_id` that the HTML shows as `cid:` it becomes part of the HTML."""

    name: str
    type: str
    data: bytes
    content_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """What is written. Ids come without brackets; a `date` without a zone counts as UTC.

    `bcc` is written only when `keep_bcc` is set (drafts, and what submission gets). `receipt` asks for a read receipt
    to the sender. `extra` are further fields such as `("List-Id", "<cooks.crepes.fr>")`.
    """

    sender: HeaderAddress
    to: Sequence[HeaderAddress] = ()
    cc: Sequence[HeaderAddress] = ()
    bcc: Sequence[HeaderAddress] = ()
    subject: str = ""
    text: str = ""
    html: str | None = None
    attachments: Sequence[Attachment] = ()
    in_reply_to: str = ""
    references: Sequence[str] = ()
    message_id: str = ""
    date: datetime = field(default_factory=lambda: datetime.now(UTC))
    receipt: bool = False
    keep_bcc: bool = False
    reply_to: Sequence[HeaderAddress] = ()
    extra: Sequence[tuple[str, str]] = ()


def build(draft: Draft) -> bytes:
    """The message with CRLF line ends, 7-bit unless an address or an enclosed message is not.

    Raises InvalidName with the field's name for CR, LF or NUL in anything that goes into a header.
    """
    return b"".join(_header(draft)) + mimewriter.write(_content(draft), seed=draft.message_id)


def _header(draft: Draft) -> list[bytes]:
    date = draft.date if draft.date.tzinfo else draft.date.replace(tzinfo=UTC)
    lines = [f"Date: {format_datetime(date)}\r\n".encode()]
    lines.append(fieldwriter.addresses("From", [draft.sender]))
    for name, people in (
        ("Reply-To", draft.reply_to),
        ("To", draft.to),
        ("Cc", draft.cc),
        ("Bcc", draft.bcc if draft.keep_bcc else ()),
    ):
        if people:
            lines.append(fieldwriter.addresses(name, people))
    lines.append(fieldwriter.unstructured("Subject", draft.subject))
    references = list(draft.references)
    # RFC 5322 §3.6.4 lets long lists be trimmed; the root and the nearest ancestors say most
    if len(references) > _MAX_REFERENCES:
        references = [references[0], *references[1 - _MAX_REFERENCES :]]
    for name, ids in (
        ("Message-ID", [draft.message_id]),
        ("In-Reply-To", [draft.in_reply_to]),
        ("References", references),
    ):
        if any(ids):
            lines.append(fieldwriter.identifiers(name, filter(None, ids)))
    if draft.receipt:
        lines.append(fieldwriter.addresses("Disposition-Notification-To", [draft.sender]))
    lines += [_extra(name, value) for name, value in draft.extra]
    lines.append(b"MIME-Version: 1.0\r\n")
    return lines


def _extra(name: str, value: str) -> bytes:
    if not _FIELD_NAME.fullmatch(name):
        raise InvalidName(f"{name[:80]!r} is not the name of a header field")
    return fieldwriter.unstructured(name, value)


def _content(draft: Draft) -> Entity:
    inline = [item for item in draft.attachments if _is_shown(item, draft.html)]
    files = [item for item in draft.attachments if not _is_shown(item, draft.html)]
    if draft.html:
        text = draft.text or htmllayout.to_text(draft.html)
        rich = mimewriter.text("html", draft.html)
        if inline:
            parts = [rich, *(_file(item, "inline") for item in inline)]
            rich = Entity("multipart/related", {"type": "text/html"}, parts=parts)
        content = Entity("multipart/alternative", parts=[mimewriter.text("plain", text), rich])
    else:
        content = mimewriter.text("plain", draft.text)
    if not files:
        return content
    return Entity("multipart/mixed", parts=[content, *(_file(item, "attachment") for item in files)])


def _is_shown(item: Attachment, html: str | None) -> bool:
    return bool(item.content_id and html and f"cid:{item.content_id}" in html)


def _file(item: Attachment, disposition: str) -> Entity:
    return mimewriter.file(item.name, item.type, item.data, disposition, item.content_id)
