"""A finished message of the demo, and where it lies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mailserver.services.demo.people import Route
from mailserver.store.models.mailbox import Flag

INBOX, SENT, DRAFTS, SPAM, TRASH = "INBOX", "Sent", "Drafts", "Spam", "Trash"


@dataclass(frozen=True, slots=True)
class Place:
    """A folder by path, flag bits, and the name of a label or ""."""

    folder: str = INBOX
    flags: int = Flag.SEEN
    label: str = ""


@dataclass(frozen=True, slots=True)
class Post:
    """Octets, when they came, from whom, and how.

    received: place by (account, envelope recipient); own: the copy of each account that wrote it.
    """

    raw: bytes
    at: datetime
    sender: str
    route: Route
    received: Mapping[tuple[str, str], Place] = field(default_factory=dict)
    own: Mapping[str, Place] = field(default_factory=dict)
