"""TXT records for services that do not talk themselves: many names in one go."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

from django.conf import settings

from mailserver.net.resolver import DnsError, DnsResolver, DnsTemporary, Evidence

AT_ONCE = 20
SECONDS = 5.0

# The records of each name; None where the DNS did not answer.
Texts = Mapping[str, Sequence[bytes] | None]

logger = logging.getLogger(__name__)


def ask(names: Sequence[str], resolver: Evidence | None = None) -> Texts:
    """Ask for the TXT records of `names`; never inside a transaction."""
    return asyncio.run(_ask(names, resolver or DnsResolver(settings.CORREIO.dns_server, SECONDS)))


async def _ask(names: Sequence[str], resolver: Evidence) -> Texts:
    turns = asyncio.Semaphore(AT_ONCE)

    async def one(name: str) -> Sequence[bytes] | None:
        async with turns:
            try:
                return await resolver.txt(name)
            except DnsTemporary as trouble:
                logger.info("no answer for the TXT records of %s: %s", name, trouble)
                return None
            except DnsError:
                return []

    return dict(zip(names, await asyncio.gather(*map(one, names)), strict=True))
