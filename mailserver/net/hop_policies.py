"""Which policy counts for each server of a domain: DANE before MTA-STS before nothing (RFC 8461 §2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mailserver.mail.mtasts import Policy
from mailserver.net import dane
from mailserver.net.dnssec import is_authentic
from mailserver.net.mx import Hop
from mailserver.net.resolver import DnsError, DnsTemporary, PolicyResolver
from mailserver.net.tls_policy import TlsPolicy

_BOGUS = "The DNS cannot say now which certificate this server has (TLSA), and DNSSEC says that it should"


async def apply(
    domain: str, hops: Sequence[Hop], sts: Policy | None, resolver: PolicyResolver, authorities: Path | None
) -> tuple[Hop, ...]:
    """The hops with their policies, in the same order; those of a route as they are."""
    places = {(hop.host, hop.port) for hop in hops if hop.secure and hop.source != "route"}
    found = await asyncio.gather(*(_published(domain, *place, resolver) for place in places))
    published = {place: policy for place, policy in zip(places, found, strict=True) if policy}

    def policy(hop: Hop) -> TlsPolicy:
        by_dns = published.get((hop.host, hop.port)) if hop.secure else None
        return replace(by_dns or stated(domain, hop.host, sts), authorities=authorities)

    return tuple(hop if hop.source == "route" else replace(hop, policy=policy(hop)) for hop in hops)


def stated(domain: str, host: str, sts: Policy | None) -> TlsPolicy:
    """What MTA-STS asks of a session with the host (RFC 8461 §4, §5)."""
    if sts is None or sts.mode == "none":
        return TlsPolicy(domain=domain)
    policy = TlsPolicy(level="verify", source="sts", domain=domain, lines=sts.lines, mx_patterns=sts.mx)
    testing = sts.mode == "testing"
    if sts.names(host):
        return replace(policy, level="test") if testing else policy
    reason = f"{host} is not among the mail servers that {domain} names in its policy (MTA-STS)"
    # As a test it is only counted (RFC 8461 §5).
    return replace(policy, level="may" if testing else "never", reason=reason, finding="validation-failure")


async def _published(domain: str, host: str, port: int, resolver: PolicyResolver) -> TlsPolicy | None:
    """What the TLSA records of a host ask for (RFC 7672 §2.1, §2.2); None without DANE."""
    try:
        records = await resolver.tlsa(host, port)
    except DnsTemporary:
        # A forged answer looks like this: who went on without DANE would fall for it.
        return TlsPolicy(
            level="never", source="dane", domain=domain, status="4.7.5", reason=_BOGUS, finding="dnssec-invalid"
        )
    except DnsError:
        return None
    if not records or not is_authentic(records):
        return None
    usable = dane.usable(records)
    lines = tuple(str(record) for record in records)
    return TlsPolicy(level="dane" if usable else "encrypt", source="dane", domain=domain, lines=lines, records=usable)
