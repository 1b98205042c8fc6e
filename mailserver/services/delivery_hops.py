"""What the search for the next hop found, and how it is told in the dialogue of a try."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property

from django.conf import settings

from mailserver.conf import Route
from mailserver.net.mx import Hop, NoRoute, next_hops
from mailserver.net.smtp_results import Line, Outgoing, Report, Result
from mailserver.net.tls_findings import TlsFinding
from mailserver.services import delivery_dns, relays, sts_policies, tls_policies
from mailserver.services.delivery_loop import at_desk
from mailserver.store.models import StsPolicy


@dataclass(frozen=True)
class Found:
    """The hops of a domain, best first, or why there are none."""

    domain: str
    hops: tuple[Hop, ...] = ()
    refusal: NoRoute | None = None
    findings: tuple[TlsFinding, ...] = ()

    def introduced(self, report: Report) -> Report:
        """The report with what the search found in front of its dialogue."""
        return report.introduced(self._introduction, self.findings)

    def refused(self, recipients: tuple[str, ...]) -> Report:
        """The report of a try that found nowhere to call."""
        if self.refusal is None:
            raise ValueError("there are hops to try")
        now, refusal = datetime.now(UTC), self.refusal
        results = [
            Result(recipient, "bounced" if refusal.permanent else "deferred", 0, refusal.enhanced, refusal.text)
            for recipient in recipients
        ]
        return Report(None, "", results, [Line(0.0, "note", refusal.text)], now, now)

    def not_called(self, recipients: tuple[str, ...], before: Report) -> Report:
        """The report of a try that was spared, because the one `before` reached nobody."""
        now, why = datetime.now(UTC), before.results[0]
        results = [replace(why, recipient=recipient) for recipient in recipients]
        line = Line(0.0, "note", f"Not called again so soon after: {why.reply}")
        return Report(None, "", results, [line], now, now, reached=False)

    @cached_property
    def _introduction(self) -> list[Line]:
        return [Line(0.0, "note", text) for text in self._sentences()]

    def _sentences(self) -> Iterator[str]:
        hosts: dict[tuple[str, int | None], list[str]] = {}
        for hop in self.hops:
            hosts.setdefault((hop.host, hop.preference), []).append(hop.address)
        for (host, preference), addresses in hosts.items():
            where = "" if addresses == [host] else f" [{', '.join(addresses)}]"
            match self.hops[0].source:
                case "route":
                    yield f"Route of {self.domain}: {host}{where}, port {self.hops[0].port}"
                case "mx":
                    yield f"MX of {self.domain}: {host}{where}, preference {preference}"
                case "address":
                    yield f"{self.domain} has no MX, so its own address counts: {', '.join(addresses)}"


@dataclass(frozen=True)
class Known:
    """What we know about a destination: the ways an administrator has set, of all destinations, and its policy."""

    routes: dict[str, Route]
    policy: StsPolicy | None


def known(domains: Sequence[str]) -> list[Known]:
    """At the desk."""
    routes, policies = relays.table(), sts_policies.kept(domains)
    return [Known(routes, policies.get(domain)) for domain in domains]


async def look_up(domain: str, known: Known) -> Found:
    """Where mail for a domain goes, by the administrator's ways or the DNS, and the policies of the servers found."""
    config, resolver = settings.CORREIO, delivery_dns.resolver()
    try:
        hops = await next_hops(
            domain,
            resolver=resolver,
            routes=known.routes,
            port=config.remote_smtp_port,
            own_names={config.hostname.lower()},
            allow_private=config.allow_private_hops,
        )
    except NoRoute as nowhere:
        return Found(domain, refusal=nowhere)
    hops, findings = await tls_policies.protect(domain, hops, known.policy, resolver, at_desk)
    return Found(domain, tuple(hops), findings=findings)


def by_policy(report: Report, outgoing: Outgoing) -> bool:
    """Whether it was about protection that no server was reached: then another message may fare better."""
    if report.hop and report.hop.policy.source == "route":
        return False  # what the administrator asks for holds for all; a smart host that knows us not is not asked again
    asked = outgoing.require_tls or outgoing.tls_optional
    return asked or any(not result.code and result.enhanced.startswith("4.7") for result in report.results)
