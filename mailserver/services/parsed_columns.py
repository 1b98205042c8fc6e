"""The columns of Message that parsing fills: written when a message is filed, rewritten when the parser learns more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailserver.mail import surrogate
from mailserver.mail.addresslists import HeaderAddress
from mailserver.mail.message import PARSER_VERSION, Parsed
from mailserver.mail.structure import to_json

# name → PostgreSQL type
TYPES: Mapping[str, str] = {
    "sent_at": "timestamptz",
    "subject": "text",
    "from_name": "text",
    "from_address": "text",
    "recipients": "jsonb",
    "message_id": "text",
    "references": "text[]",
    "preview": "text",
    "has_attachments": "bool",
    "attachments": "jsonb",
    "envelope": "bytea",
    "body": "bytea",
    "bodystructure": "bytea",
    "parts": "jsonb",
    "header_block": "bytea",
    "header": "text",
    "header_cut": "bool",
    "parser_version": "int2",
}


def values(parsed: Parsed, raw: bytes | memoryview) -> dict[str, object]:
    """The values in the order of `TYPES`; `raw` is what was parsed."""
    return {
        "sent_at": parsed.date,
        "subject": parsed.subject,
        "from_name": parsed.sender.name if parsed.sender else "",
        "from_address": parsed.sender.address if parsed.sender else "",
        "recipients": {
            "to": _pairs(parsed.to),
            "cc": _pairs(parsed.cc),
            "bcc": _pairs(parsed.bcc),
            "reply_to": _pairs(parsed.reply_to),
        },
        "message_id": parsed.message_id,
        "references": mentioned(parsed),
        "preview": parsed.preview,
        "has_attachments": parsed.has_attachments,
        "attachments": [list(item) for item in parsed.attachments],
        "envelope": parsed.forms.envelope,
        "body": parsed.forms.body,
        "bodystructure": parsed.forms.bodystructure,
        "parts": to_json(parsed.root),
        "header_block": bytes(raw[: parsed.header_length]),
        "header": parsed.search_header,
        "header_cut": parsed.header_cut,
        "parser_version": PARSER_VERSION,
    }


def surrogate_size(parsed: Parsed, prefix: bytes, octets: int) -> int | None:
    """Octets for readers that know no UTF-8 in headers; `octets` are those behind the prefix."""
    if parsed.growth is None and prefix.isascii():
        return None
    return len(surrogate.header(prefix)) + octets + (parsed.growth or 0)


def mentioned(parsed: Parsed) -> list[str]:
    """Ids of the messages that this one answers."""
    return [*parsed.references, *([parsed.in_reply_to] if parsed.in_reply_to else [])]


def _pairs(people: Sequence[HeaderAddress]) -> list[list[str]]:
    return [[person.name, person.address] for person in people]
