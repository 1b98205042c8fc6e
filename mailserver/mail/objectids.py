"""Names of messages and conversations that stay the same in every folder (RFC 8474): M and T before their numbers."""

from __future__ import annotations

import re

_ID = re.compile("[MT][1-9][0-9]{0,17}")


def email_id(message_id: int) -> str:
    return f"M{message_id}"


def thread_id(thread_id: int) -> str:
    return f"T{thread_id}"


def message_number(email_id: str) -> int | None:
    """The message's number; None for what is no EMAILID of ours."""
    return int(email_id[1:]) if _ID.fullmatch(email_id) and email_id[0] == "M" else None


def thread_number(thread_id: str) -> int | None:
    """The conversation's number; None for what is no THREADID of ours."""
    return int(thread_id[1:]) if _ID.fullmatch(thread_id) and thread_id[0] == "T" else None
