"""The DSN extension towards the next server: wishes go on when it knows them (RFC 3461 §5.2.1)."""

from __future__ import annotations

from collections.abc import Mapping

from mailserver.mail import dsnwishes
from mailserver.net.smtp_results import Outgoing


def of_mail(outgoing: Outgoing, extensions: Mapping[str, str]) -> list[str]:
    """RET and ENVID for MAIL, each only when the sender gave it."""
    found: list[str] = []
    if "DSN" not in extensions:
        return found
    if outgoing.full_return is not None:
        found.append("RET=FULL" if outgoing.full_return else "RET=HDRS")
    if outgoing.envelope_id:
        found.append(f"ENVID={dsnwishes.to_xtext(outgoing.envelope_id)}")
    return found


def of_rcpt(outgoing: Outgoing, recipient: str, extensions: Mapping[str, str]) -> list[str]:
    """NOTIFY and ORCPT for RCPT."""
    wished = outgoing.wishes.get(recipient)
    if wished is None or "DSN" not in extensions:
        return []
    original = dsnwishes.orcpt(wished.original) if wished.original else ""
    return [
        *([f"NOTIFY={wished.notify}"] if wished.notify else []),
        *([f"ORCPT={original}"] if original else []),
    ]
