"""The leases of all that this process has claimed, renewed together for as long as it lives."""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Iterable

from django.db import DatabaseError

from mailserver.services import queue
from mailserver.services.delivery_loop import at_desk
from mailserver.services.queue import Claim

logger = logging.getLogger(__name__)


class Leases:
    """Used on one event loop."""

    def __init__(self) -> None:
        self._held: dict[uuid.UUID, set[int]] = {}
        self._keeper: asyncio.Task[None] | None = None

    def hold(self, claims: Iterable[Claim]) -> None:
        for claim in claims:
            ids = (claimed.recipient_id for claimed in claim.recipients)
            self._held.setdefault(claim.token, set()).update(ids)
        if self._held and self._keeper is None:
            self._keeper = asyncio.create_task(self._keep())

    def let_go(self, claim: Claim) -> None:
        """Of what is recorded or given back."""
        held = self._held.get(claim.token, set())
        held.difference_update(claimed.recipient_id for claimed in claim.recipients)
        if not held:
            self._held.pop(claim.token, None)
        if not self._held and self._keeper:
            self._keeper.cancel()
            self._keeper = None

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(queue.LEASE.total_seconds() / 4)
            held = {token: frozenset(ids) for token, ids in self._held.items()}
            try:
                await at_desk(lambda held=held: queue.renew(held))  # type: ignore[misc]
            except DatabaseError as trouble:
                # The next round tries again; a lease that ends meanwhile is not ours any more.
                logger.warning("leases not renewed: %s", trouble)
            except Exception:
                # Whatever it is, all that this process delivers hangs on the next round.
                logger.exception("leases not renewed")
