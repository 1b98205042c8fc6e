"""How far a signing key is, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from django.utils import timezone

from mailserver.services.dkimkeys import Published
from webmail.rendering.dates import long


@dataclass(frozen=True, slots=True)
class Note:
    """`tone` is the colour: only what wants attention has one."""

    text: str
    tone: Literal["good", "warn", "soft"]


def note(key: Published) -> Note:
    """One or two sentences about a key."""
    kind = "RSA" if key.kind == "rsa" else "Ed25519"
    return {"next": _next, "active": _active, "retired": _retired}[key.state](key, kind)


def _next(key: Published, kind: str) -> Note:
    if key.seen:
        return Note(f"{kind}. In the DNS since {_when(key.seen)}; it takes over a day after that.", "good")
    if key.asked:
        return Note(f"{kind}. To be published: the DNS did not have it {_when(key.asked)}.", "warn")
    return Note(f"{kind}. To be published: it signs once the DNS shows it.", "warn")


def _active(key: Published, kind: str) -> Note:
    signs = f"{kind}. Signs since {_when(key.since)}"
    if key.seen:
        return Note(f"{signs}, in the DNS since {_when(key.seen)}.", "good")
    if key.asked:
        return Note(f"{signs}, but the DNS did not have it {_when(key.asked)}: others cannot check it.", "warn")
    return Note(f"{signs}. Whether the DNS has it was not asked yet.", "warn")


def _retired(key: Published, kind: str) -> Note:
    if key.removable and key.removable > timezone.now():
        return Note(f"{kind}. Signed until {_when(key.since)}. Leave the record until {_when(key.removable)}.", "soft")
    return Note(f"{kind}. Signed until {_when(key.since)}. This record may be removed now.", "warn")


def _when(at: datetime) -> str:
    """`today, 14:05` and `yesterday, 14:05` inside a sentence; other days as they are."""
    text = long(at)
    return text[0].lower() + text[1:] if text.startswith(("Today", "Yesterday")) else text
