"""How the servers of a domain are spoken with: its own wishes (MTA-STS, DANE) joined to the hops of its mail."""

from __future__ import annotations

from collections.abc import Sequence

from django.conf import settings

from mailserver.net import hop_policies
from mailserver.net.mx import Hop
from mailserver.net.resolver import PolicyResolver
from mailserver.net.tls_findings import TlsFinding
from mailserver.services import sts_policies
from mailserver.services.sts_policies import Desk
from mailserver.store.models import StsPolicy


async def protect(
    domain: str, hops: Sequence[Hop], kept: StsPolicy | None, resolver: PolicyResolver, desk: Desk
) -> tuple[list[Hop], tuple[TlsFinding, ...]]:
    """The hops with their policies, and what RFC 8460 counts of the search. A route has its own, a literal none.

    `kept`: see `sts_policies.find`.
    """
    if domain.startswith("[") or hops[0].source == "route":
        return list(hops), ()
    policy, trouble = await sts_policies.find(domain, kept, resolver, desk)
    protected = await hop_policies.apply(domain, hops, policy, resolver, settings.CORREIO.trusted_ca)
    if trouble is None:
        return list(protected), ()
    lines, patterns = (policy.lines, policy.mx) if policy else ((), ())
    return list(protected), (TlsFinding("sts", domain, lines, patterns, trouble.result, "", "", "", trouble.text),)
