"""A connection that is kept for the next message to the same destination."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mailserver.net.mx import Hop
from mailserver.net.smtp_connection import Connection
from mailserver.net.transcript import Transcript


def _nothing_follows() -> bool:
    return False


@dataclass
class Kept:
    """Room for one connection. It takes at most `most` messages, and is kept only while `more` may follow.

    A hop holds the policy of encryption and the login (`smtp_client.protected`), so a message that demands other ones
    does not fit.
    """

    most: int = 1
    more: Callable[[], bool] = _nothing_follows
    connection: Connection | None = None

    def order(self, hops: Sequence[Hop]) -> list[Hop]:
        """The hops in their order, but first the one that we are connected with."""
        if self.connection is None or self.connection.hop not in hops:
            return list(hops)
        return [self.connection.hop, *(hop for hop in hops if hop != self.connection.hop)]

    async def take(self, hop: Hop) -> Connection | None:
        """The connection when it fits and stands; any other is ended."""
        kept = self.connection
        if kept and kept.hop == hop and kept.stands:
            self.connection = None
            return kept
        await self.leave()
        return None

    def keep(self, connection: Connection) -> bool:
        """Keep it, if another message may go over it."""
        if not connection.usable or connection.messages >= self.most or not self.more():
            return False
        self.connection = connection
        return True

    async def leave(self) -> None:
        """End what is kept. No message's dialogue tells of it."""
        kept, self.connection = self.connection, None
        if kept is None:
            return
        kept.turn_to(Transcript())
        try:
            await kept.quit()
        except BaseException:
            await kept.abandon()
            raise
