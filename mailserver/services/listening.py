"""Where servers and pages hear that an account's folders changed."""

from __future__ import annotations

from mailserver.store import bell


def channel(account_id: int) -> str:
    """The Redis channel of an account's bell; its messages are JSON objects of mailbox id → modseq, maybe empty."""
    return bell.channel(account_id)
