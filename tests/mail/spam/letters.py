"""Letters for judging."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mailserver.mail.message import parse
from mailserver.mail.spam.letter import Letter, Passage

AT = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
FIELDS = {
    "From": "Bob <bob@hamburger.edu>",
    "To": "Alice <alice@crepes.fr>",
    "Subject": "Crêpe night",
    "Message-ID": "<1@hamburger.edu>",
    "Date": "Mon, 23 Nov 2026 10:00:00 +0000",
}


def raw(body: str = "Saturday at seven it is.\r\n", **fields: str | None) -> bytes:
    """A message with the usual fields; `reply_to="…"` adds or replaces one, None leaves it out."""
    given = FIELDS | {name.replace("_", "-").title().replace("-Id", "-ID"): value for name, value in fields.items()}
    header = "".join(f"{name}: {value}\r\n" for name, value in given.items() if value is not None)
    return f"{header}\r\n{body}".encode()


def letter(octets: bytes | None = None, passage: dict[str, Any] | None = None, **fields: str | None) -> Letter:
    octets = raw(**fields) if octets is None else octets
    return Letter(octets, parse(octets), Passage(AT, **(passage or {})))
