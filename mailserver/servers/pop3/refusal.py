from __future__ import annotations

from mailserver.servers.pop3.replies import Reply


class Refusal(Exception):
    """Ends a command with this reply from wherever it was found out."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply))
        self.reply = reply
