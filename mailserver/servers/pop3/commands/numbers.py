from __future__ import annotations

from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.refusal import Refusal


def numbers(argument: str, least: int, most: int) -> list[int]:
    """From `least` to `most` decimal numbers. Raises Refusal."""
    words = argument.split()
    if not least <= len(words) <= most or not all(word.isascii() and word.isdigit() for word in words):
        raise Refusal(replies.SYNTAX)
    return [int(word) for word in words]
