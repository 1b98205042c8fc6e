"""Numbers of messages."""

from __future__ import annotations

import secrets

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def new_reference() -> str:
    """A message number people can read to each other: 60 random bits as 12 of A-Z2-7."""
    bits = secrets.randbits(60)
    return "".join(ALPHABET[bits >> place & 31] for place in range(0, 60, 5))
