"""Which addresses lie on the open Internet: the guard of every connection whose host a stranger chose."""

from __future__ import annotations

import ipaddress
from functools import lru_cache

# All IPv6 that is routed (IANA, "Internet Protocol Version 6 Address Space"). Python 3.11 also calls ::7f00:1,
# fec0::/10 and 64:ff9b:1::/48 global.
_ROUTED = ipaddress.IPv6Network("2000::/3")
# IETF protocol assignments (RFC 6890) and documentation (RFC 9637), which Python 3.11 knows in part or not at all.
_RESERVED = (ipaddress.ip_network("192.0.0.0/24"), ipaddress.ip_network("3fff::/20"))
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052 §2.1


@lru_cache(maxsize=1000)
def is_public(address: str) -> bool:
    """Whether the address belongs to the open Internet; an IPv4 address inside IPv6 is judged by itself.

    Raises ValueError for what is no IP address.
    """
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour or _nat64(parsed)
        if inner is not None:
            return is_public(str(inner))
        if parsed not in _ROUTED:
            return False
    reserved = any(parsed in network for network in _RESERVED)
    return parsed.is_global and not parsed.is_multicast and not reserved


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
