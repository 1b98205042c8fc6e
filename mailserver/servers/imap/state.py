"""The states of a session (RFC 9051 §3)."""

from __future__ import annotations

import enum


class State(enum.Enum):
    STRANGER = "not authenticated"
    SIGNED_IN = "authenticated"
    SELECTED = "selected"


ANY = frozenset(State)
KNOWN = frozenset({State.SIGNED_IN, State.SELECTED})
STRANGER = frozenset({State.STRANGER})
SELECTED = frozenset({State.SELECTED})
