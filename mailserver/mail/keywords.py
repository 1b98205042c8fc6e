"""Keywords that mail programs set (RFC 9051 §2.3.2), as the labels people know them by."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

# The tags Thunderbird comes with: their names, and hues near its red, orange, green, blue and purple.
_THUNDERBIRD: Final = {
    "$label1": ("Important", 30),
    "$label2": ("Work", 60),
    "$label3": ("Personal", 150),
    "$label4": ("To do", 270),
    "$label5": ("Later", 315),
}
# What mail programs note for themselves, besides all that begins with $.
_NOTES: Final = {"junk", "notjunk", "nonjunk", "junkrecorded", "old"}
# Thunderbird 153 makes a keyword of a new tag so: "été 1" is =c3=a9t=c3=a9=201.
_ENCODED: Final = re.compile(r"(?:[^=]|=[0-9a-f]{2})*")


@dataclass(frozen=True, slots=True)
class LabelLook:
    """How the page shows a keyword: its name, its hue in degrees (None: whichever), and whether at all."""

    name: str
    hue: int | None = None
    shown: bool = True


def look(keyword: str) -> LabelLook:
    """How a keyword looks that was never named here."""
    key = keyword.lower()
    if key in _THUNDERBIRD:
        return LabelLook(*_THUNDERBIRD[key])
    return LabelLook(_decoded(keyword), shown=not keyword.startswith("$") and key not in _NOTES)


def _decoded(keyword: str) -> str:
    if "=" not in keyword or not _ENCODED.fullmatch(keyword):
        return keyword
    octets = re.sub(rb"=(..)", lambda found: bytes.fromhex(found[1].decode()), keyword.encode())
    try:
        name = octets.decode()
    except UnicodeDecodeError:
        return keyword
    return name if name.isprintable() and name.strip() else keyword
