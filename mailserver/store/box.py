"""A mailbox that a writer holds: what it counts with. An instance of the model costs ten times as much."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Box:
    """The columns of Mailbox with these names."""

    id: int
    account_id: int
    path: str
    special_use: str
    uidvalidity: int
    uidnext: int
    first_recent_uid: int
    highestmodseq: int
    total: int
    unseen: int
    size: int


COLUMNS = tuple(Box.__dataclass_fields__)
