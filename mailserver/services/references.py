"""Numbers of messages."""

from __future__ import annotations

import secrets

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def new_reference() -> str:
    """A message number people can read to each other: 60 random bits as 12 of A-Z2-7."""
    return "".join(secrets.choice(ALPHABET) for _ in range(12))
