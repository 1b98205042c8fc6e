"""`gmail.com=60,*=600`: recipients per minute for each destination; `*` stands for all others, each for itself."""

from __future__ import annotations

import re

from mailserver.errors import ConfigurationError


def rates(text: str) -> dict[str, int]:
    """By lower-case domain. Raises ConfigurationError."""
    table = {}
    for item in filter(None, (part.strip() for part in text.split(","))):
        found = re.fullmatch(r"(\S+?)\s*=\s*([1-9]\d{0,6})", item)
        if not found:
            raise ConfigurationError(f"CORREIO_DELIVERY_RATES: {item!r} is not domain=recipients per minute")
        table[found[1].lower()] = int(found[2])
    return table
