"""Which policy counts for each server of a domain: DANE before MTA-STS before nothing (RFC 8461 §2)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from mailserver.mail.mtasts import Policy
from mailserver.net import dane
from mailserver.net.dane import Tlsa
from mailserver.net.dnssec import is_authentic
from mailserver.net.mx import Hop
from mailserver.net.resolver import DnsError, DnsTemporary, PolicyResolver
from mailserver.net.tls_policy import Level, TlsPolicy

_BOGUS = "The DNS cannot say now which certificate this server has (TLSA), and DNSSEC says that it should"


async def apply(
    domain: str, hops: Sequence[Hop], sts: Policy | None, resolver: PolicyResolver, authorities: Path | None
) -> tuple[Hop, ...]:
    """The hops with their policies, in the same order; those of a route as they are."""
    asked = {_place(hop): hop for hop in hops if hop.listed and hop.source != "route"}
    found = await asyncio.gather(*(_published(domain, hop, resolver) for hop in asked.values()))
    published = {place: policy for place, policy in zip(asked, found, strict=True) if policy}

    def policy(hop: Hop) -> TlsPolicy:
        return replace(published.get(_place(hop)) or stated(domain, hop.host, sts), authorities=authorities)

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


def _place(hop: Hop) -> tuple[object, ...]:
    return hop.host, hop.port, hop.listed, hop.secure, hop.alias_for


async def _published(domain: str, hop: Hop, resolver: PolicyResolver) -> TlsPolicy | None:
    """What the TLSA records of a host ask for (RFC 7672 §2.1, §2.2); None without DANE."""
    try:
        for base in await _bases(hop, resolver):
            records = await _records(base, hop.port, resolver)
            if records:
                usable = dane.usable(records)
                lines = tuple(str(record) for record in records)
                level: Level = "dane" if usable else "encrypt"
                return TlsPolicy(level, "dane", domain, lines, records=usable, base=base)
    except DnsTemporary:
        # A forged answer looks like this: who went on without DANE would fall for it.
        return TlsPolicy(
            level="never", source="dane", domain=domain, status="4.7.5", reason=_BOGUS, finding="dnssec-invalid"
        )
    return None


async def _bases(hop: Hop, resolver: PolicyResolver) -> tuple[str, ...]:
    """The names whose TLSA records count, the better first (RFC 7672 §2.2.2). Raises DnsTemporary.

    Of an alias that DNSSEC protects to its end, that end, then the alias. One that leads out of what is protected
    counts under its own name, when the alias itself is protected: the AD bit of the addresses does not tell that.
    """
    if hop.secure:
        return (hop.alias_for, hop.host) if hop.alias_for else (hop.host,)
    if not hop.alias_for:
        return ()
    try:
        return (hop.host,) if is_authentic(await resolver.alias(hop.host)) else ()
    except DnsTemporary:
        raise
    except DnsError:
        return ()


async def _records(base: str, port: int, resolver: PolicyResolver) -> Sequence[Tlsa]:
    """The protected records of a name, none when there are none. Raises DnsTemporary."""
    try:
        records = await resolver.tlsa(base, port)
    except DnsTemporary:
        raise
    except DnsError:
        return ()
    return records if is_authentic(records) else ()
