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

_HIDDEN = frozenset({"bcc", "resent-bcc"})


@dataclass(frozen=True, slots=True)
class Submitted:
    """`kept` is for the sender's own folder, `outgoing` for everybody else; one object when there was no Bcc."""

    kept: bytes
    outgoing: bytes


def prepare(raw: bytes, *, domain: str, at: datetime) -> Submitted:
    """The message with Date and Message-ID (`…@domain`) if they were missing, and without Bcc for the outside.

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
    if missing and not headers.fields:
        # Without a single field all of it is body, which an empty line must part from ours.
        missing += b"\r\n"
    hidden = [(field.start, field.end) for field in headers.fields if field.name in _HIDDEN]
    kept = missing + raw
    return Submitted(kept, missing + _without(raw, hidden) if hidden else kept)


@dataclass(frozen=True, slots=True)
class Authors:
    """Who the header says wrote the message: the addresses of all From fields, and of all Sender fields."""

    writers: list[HeaderAddress]
    senders: list[HeaderAddress]


def authors(raw: bytes) -> Authors:
    headers = Headers(raw)
    return Authors(parse_list(headers.undecoded("from")), parse_list(headers.undecoded("sender")))


def _without(raw: bytes, spans: Iterable[tuple[int, int]]) -> bytes:
    kept, position = bytearray(), 0
    for start, end in spans:
        kept += raw[position:start]
        position = end
    return bytes(kept + raw[position:])
