"""Read receipts (RFC 8098): asking is a header field, answering is the reader's own decision."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from mailserver.mail import reports, structure
from mailserver.mail.addresslists import HeaderAddress, parse_list
from mailserver.mail.headers import Headers, message_ids
from mailserver.mail.reports import Envelope, field, typed

Disposition = Literal["displayed", "deleted", "dispatched", "processed"]
_TYPES = ("message/disposition-notification", "message/global-disposition-notification")


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt of somebody's program. `automatic` tells that no person decided to send it; it may be forged."""

    original_message_id: str
    final_recipient: str
    disposition: str
    automatic: bool


def requested_by(headers: Headers) -> list[HeaderAddress]:
    """Who asked for a receipt (Disposition-Notification-To). More than one address, or one that is not in
    Return-Path, means a person must be asked first (RFC 8098 §2.1)."""
    return [person for person in parse_list(headers.undecoded("disposition-notification-to")) if person.address]


def build(
    *,
    original: bytes,
    reader: HeaderAddress,
    to: str,
    date: datetime,
    message_id: str,
    user_agent: str,
    disposition: Disposition = "displayed",
    automatic: bool = False,
) -> bytes:
    """The receipt `reader` sends to the address that asked, with an empty MAIL FROM (RFC 8098 §3).

    `original` is the message or its header; `user_agent` names host and product, `webmail.hamburger.edu; Correio`.
    """
    headers = Headers(original)
    subject = headers.get("subject")
    mode = "automatic-action/MDN-sent-automatically" if automatic else "manual-action/MDN-sent-manually"
    kind = "rfc822" if reader.address.isascii() else "utf-8"
    block = [
        field("Reporting-UA", user_agent),
        field("Final-Recipient", f"{kind}; {reader.address}"),
        field("Original-Message-ID", " ".join(f"<{item}>" for item in reports.original_ids(original))),
        field("Disposition", f"{mode}; {disposition}"),
    ]
    done = "read" if disposition == "displayed" else disposition
    text = reports.join(
        [
            f"{reader.name or reader.address} confirms: your message was {done}.",
            f"Your message:\n  Subject: {subject}" if subject else "",
            "This says that it was shown, not that it was understood or agreed to.",
        ]
    )
    envelope = Envelope(
        sender=reader,
        to=to,
        subject=f"{done.capitalize()}: {subject}" if subject else done.capitalize(),
        date=date,
        message_id=message_id,
    )
    return reports.write(envelope, "disposition-notification", text, [b"".join(block)], original, full=False)


def parse(raw: bytes, root: structure.Part | None = None) -> Receipt | None:
    """The receipt in a message, None when it is none. `root` is its tree when that is known already. Never raises."""
    root = root or structure.scan(raw)
    part = next((part for part in structure.walk(root) if part.type in _TYPES), None)
    block = next(reports.machine_blocks(raw, part), None) if part else None
    if block is None or "disposition" not in block:
        return None
    mode, _, disposition = block.get("disposition").partition(";")
    original = message_ids(block.get("original-message-id"))
    original = original or message_ids(reports.enclosed_header(raw, root).get("message-id"))
    recipient = typed(block.get("final-recipient")) or typed(block.get("original-recipient"))
    return Receipt(
        original_message_id=next(iter(original), ""),
        final_recipient=recipient[:320],
        disposition=disposition.partition("/")[0].strip().lower()[:80],
        automatic="sent-automatically" in mode.lower(),
    )
