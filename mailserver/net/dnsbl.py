"""Blocklists in the DNS (RFC 5782): is the address that called on one of them?

What a list does not answer in time counts for nothing, and a list that is silent is left alone for a minute.
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
from collections.abc import Sequence

from mailserver.mail.spam.judgement import Reason
from mailserver.net.resolver import DnsError, DnsTemporary, Evidence

SECONDS = 3.0
SILENT_SECONDS = 60.0
POINTS = 4.0
# Several lists copy each other.
MOST_POINTS = 6.0

# RFC 5782 §2.1: answers lie in 127.0.0.0/8. 127.255.255.0/24 is how large lists say that they do not answer us.
_LISTED = ipaddress.IPv4Network("127.0.0.0/8")
_REFUSED = ipaddress.IPv4Network("127.255.255.0/24")

logger = logging.getLogger(__name__)


class Blocklists:
    """The lists (`zones`, such as `bl.example.org`), asked through `resolver`, at most `seconds` for all of them."""

    def __init__(self, zones: Sequence[str], resolver: Evidence, *, seconds: float = SECONDS) -> None:
        self._zones = zones
        self._resolver = resolver
        self._seconds = seconds
        self._silent_until: dict[str, float] = {}

    async def reasons(self, peer: str) -> tuple[Reason, ...]:
        """One reason for each list that names the address. Never raises for what the DNS says.

        Raises ValueError when `peer` is no IP address.
        """
        name, now = reverse(peer), asyncio.get_running_loop().time()
        zones = [zone for zone in self._zones if self._silent_until.get(zone, 0.0) <= now]
        tries = (self._is_listed(f"{name}.{zone}", zone) for zone in zones)
        listed = [zone for zone, found in zip(zones, await asyncio.gather(*tries), strict=True) if found]
        points = min(POINTS, MOST_POINTS / max(1, len(listed)))
        said = "The server that sent it is on the blocklist {}."
        return tuple(Reason(f"blocklist {zone}", points, said.format(zone)) for zone in listed)

    async def _is_listed(self, name: str, zone: str) -> bool:
        try:
            async with asyncio.timeout(self._seconds):
                answers = await self._resolver.hosts(name, 4)
        except (TimeoutError, DnsTemporary):
            logger.warning("the blocklist %s does not answer: not asked for %d s", zone, SILENT_SECONDS)
            self._silent_until[zone] = asyncio.get_running_loop().time() + SILENT_SECONDS
            return False
        except DnsError:
            return False
        found = [ipaddress.IPv4Address(answer) for answer in answers]
        if any(answer in _REFUSED for answer in found):
            logger.warning("the blocklist %s does not want our questions: %s", zone, ", ".join(answers))
            return False
        return any(answer in _LISTED for answer in found)


def reverse(peer: str) -> str:
    """The address as blocklists want it (RFC 5782 §2.1, §2.4): `2.0.0.127`, or the 32 digits of IPv6 backwards.

    Raises ValueError for what is no IP address.
    """
    address = ipaddress.ip_address(peer.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).reverse_pointer.removesuffix(".in-addr.arpa").removesuffix(".ip6.arpa")
