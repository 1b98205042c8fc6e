"""What a submission server may change in a message (RFC 6409 §8): missing fields are added, Bcc is taken out.

All other octets stay exactly as they are.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from mailserver.errors import MessageRefused
from mailserver.mail.addresslists import HeaderAddress, parse_list
from mailserver.mail.headers import MAX_BYTES, MAX_FIELDS, Headers

# RFC 6532 §3.7: a message inside whose header has UTF-8.
_GLOBAL = b"message/global"
_HIDDEN = frozenset({"bcc", "resent-bcc"})


@dataclass(frozen=True, slots=True)
class Submitted:
    """`kept` is for the sender's own folder, `outgoing` for everybody else; one object when there was no Bcc."""

    kept: bytes
    outgoing: bytes


def prepare(raw: bytes, *, sender: str, domain: str, at: datetime) -> Submitted:
    """The message with Date, Message-ID (`…@domain`) and From if they were missing, and without Bcc for the outside.

    From becomes `sender`, the MAIL FROM, unless that is empty (RFC 6409 §8 leaves the repair to us).
    Raises MessageRefused for a header too large to be read whole: a Bcc could be where we do not look.
    """
    headers = Headers(raw)
    if len(headers.fields) >= MAX_FIELDS or headers.end >= MAX_BYTES:
        raise MessageRefused("The header of the message is too large.")
    missing = b""
    if "date" not in headers:
        missing += f"Date: {format_datetime(at)}\r\n".encode()
    if not headers.raw("message-id").strip():
        missing += f"Message-ID: <{secrets.token_urlsafe(18)}@{domain}>\r\n".encode()
    if sender and "from" not in headers:
        missing += f"From: {sender}\r\n".encode()
    if missing and not headers.fields:
        # Without a single field all of it is body, which an empty line must part from ours.
        missing += b"\r\n"
    hidden = [(field.start, field.end) for field in headers.fields if field.name in _HIDDEN]
    kept = missing + raw
    return Submitted(kept, missing + _without(raw, hidden) if hidden else kept)


@dataclass(frozen=True, slots=True)
class Authors:
    """Who the header says wrote the message: the addresses of all From fields, and of all Sender fields.

    `named`: there is a From field, be it one without an address.
    """

    writers: list[HeaderAddress]
    senders: list[HeaderAddress]
    named: bool


def authors(raw: bytes) -> Authors:
    headers = Headers(raw)
    writers, senders = parse_list(headers.undecoded("from")), parse_list(headers.undecoded("sender"))
    return Authors(writers, senders, "from" in headers)


def needs_smtputf8(raw: bytes) -> bool:
    """Whether the header, or that of a message inside, has characters beyond ASCII (RFC 6531 §3.5, §3.6)."""
    if raw.isascii():
        return False
    return not raw[: Headers(raw).end].isascii() or _GLOBAL in raw.lower()


def _without(raw: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    kept, position = bytearray(), 0
    for start, end in spans:
        kept += raw[position:start]
        position = end
    return bytes(kept + raw[position:])
