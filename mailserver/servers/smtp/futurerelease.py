"""FUTURERELEASE at the door for our own people (RFC 4865)."""

from __future__ import annotations

from datetime import UTC, datetime

from mailserver.mail import futurerelease, replies
from mailserver.servers.smtp.refusal import Refusal

_READ = {"HOLDFOR": futurerelease.after, "HOLDUNTIL": futurerelease.until}


def of(parameters: dict[str, str | None]) -> datetime | None:
    """Take HOLDFOR or HOLDUNTIL out of the parameters of MAIL: when to send the message. Raises Refusal."""
    given = [name for name in _READ if name in parameters]
    if not given:
        return None
    if len(given) > 1:
        raise Refusal(replies.HOLD_TWICE)
    try:
        return _READ[given[0]](parameters.pop(given[0]), datetime.now(UTC))
    except futurerelease.BadRelease:
        raise Refusal(replies.HOLD_SYNTAX) from None
    except futurerelease.TooFar:
        raise Refusal(replies.HOLD_TOO_LONG) from None
