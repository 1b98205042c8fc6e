"""Where mail for a domain goes next (RFC 5321 §5), as addresses to call in order."""

from __future__ import annotations

import ipaddress
import random
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Literal

from mailserver.conf import Route
from mailserver.net.dnssec import alias_for, is_authentic
from mailserver.net.internet import is_public
from mailserver.net.relay import Relay
from mailserver.net.resolver import NULL_MX, DnsError, DnsNoAnswer, DnsNoDomain, DnsTemporary, Resolver
from mailserver.net.tls_policy import OPPORTUNISTIC, Login, TlsPolicy

# A domain may publish hundreds of hosts; RFC 5321 §5.1 asks for two tries at least, Postfix makes five.
MAX_HOPS = 10

SMART_HOST = "*"


@dataclass(frozen=True, slots=True)
class Hop:
    """One address to call. `preference` is that of the MX record; None for routes and plain addresses.

    `listed`: DNSSEC protects what leads from the domain to the host; `secure`: and to this address. `alias_for` is the
    name at the end of the host's aliases, "" when it is none. `policy` and `login` say how to speak with it.
    """

    host: str
    address: str
    port: int
    preference: int | None
    source: Literal["route", "mx", "address"]
    secure: bool = False
    policy: TlsPolicy = OPPORTUNISTIC
    login: Login | None = None
    listed: bool = False
    alias_for: str = ""

    def __str__(self) -> str:
        return f"{self.host} [{self.address}] port {self.port}"


class NoRoute(Exception):
    """There is nowhere to send to. `permanent`: trying again will not help.

    `enhanced` is a status of RFC 3463 and `text` a sentence for people; no remote server said either.
    """

    def __init__(self, enhanced: str, text: str) -> None:
        super().__init__(text)
        self.enhanced = enhanced
        self.text = text

    @property
    def permanent(self) -> bool:
        return self.enhanced.startswith("5")


async def next_hops(
    domain: str,
    *,
    resolver: Resolver,
    routes: Mapping[str, Route],
    port: int,
    own_names: Collection[str],
    allow_private: bool,
) -> list[Hop]:
    """The addresses to try for `domain` (A-labels or an address literal in brackets), best first.

    `port` is where remote servers listen; `own_names` are the names this server answers to, lower case.
    A route is the administrator's word: it skips DNS for the domain and may point anywhere, ourselves included.
    Raises NoRoute.
    """
    domain = domain.lower().rstrip(".")
    route = routes.get(domain) or routes.get(SMART_HOST)
    if route:
        return await _routed(domain, route, resolver)
    search = _Search(resolver, port, allow_private)
    if domain.startswith("["):
        search.take(domain, [_literal(domain)], None, "address")
        return search.result(domain)
    try:
        records = await resolver.mx(domain)
        search.secure = is_authentic(records)
        source: Literal["mx", "address"] = "mx"
    except DnsNoAnswer as missing:
        # RFC 5321 §5.1: a domain without MX is its own host, with preference 0.
        records, source = [(0, domain)], "address"
        search.secure = missing.authentic
    except DnsNoDomain as missing:
        raise NoRoute("5.1.2", f"The domain {domain} does not exist") from missing
    except DnsTemporary as trouble:
        raise NoRoute("4.4.3", f"The DNS cannot say now where mail for {domain} goes") from trouble
    for preference, host in _in_order(_before_us(domain, records, own_names)):
        if len(search.hops) < MAX_HOPS:
            await search.look_up(host, preference if source == "mx" else None, source)
    return search.result(domain)


@dataclass
class _Search:
    """Collects hops and remembers why hosts gave none."""

    resolver: Resolver
    port: int
    allow_private: bool
    secure: bool = False
    hops: list[Hop] = field(default_factory=list)
    temporary: str = ""
    private: str = ""

    async def look_up(self, host: str, preference: int | None, source: Literal["mx", "address"]) -> None:
        try:
            self.take(host, await _addresses(self.resolver, host), preference, source)
        except DnsTemporary:
            self.temporary = host
        except DnsError:
            return  # this host has no address; the others decide

    def take(
        self,
        host: str,
        addresses: Iterable[str],
        preference: int | None,
        source: Literal["mx", "address"],
    ) -> None:
        secure = self.secure and is_authentic(addresses)
        alias = alias_for(addresses, host)
        for address in addresses:
            if self.allow_private or is_public(address):
                hop = Hop(host, address, self.port, preference, source, secure, listed=self.secure, alias_for=alias)
                self.hops.append(hop)
            else:
                self.private = address

    def result(self, domain: str) -> list[Hop]:
        if self.hops:
            return self.hops[:MAX_HOPS]
        if self.temporary:
            raise NoRoute("4.4.3", f"The DNS cannot say now where the mail server {self.temporary} is")
        if self.private:
            # Often meant as "no mail here" by domains older than the null MX; calling it would reach our own network.
            raise NoRoute("5.4.4", f"The mail server of {domain} has only the private address {self.private}")
        raise NoRoute("5.4.4", f"No mail server of {domain} has an address")


async def _routed(domain: str, route: Route, resolver: Resolver) -> list[Hop]:
    try:
        addresses = await _addresses(resolver, route.host)
    except DnsError as trouble:
        # Never a bounce: the fault is in our own settings or our own network, not in the address.
        raise NoRoute("4.4.4", f"The route of {domain} leads to {route.host}, which has no address") from trouble
    policy, login = route.demands() if isinstance(route, Relay) else (OPPORTUNISTIC, None)
    return [
        Hop(route.host, address, route.port, None, "route", policy=policy, login=login)
        for address in addresses[:MAX_HOPS]
    ]


async def _addresses(resolver: Resolver, host: str) -> list[str]:
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        return await resolver.addresses(host)


def _literal(domain: str) -> str:
    """`[192.0.2.1]` or `[IPv6:2001:db8::1]` as an address (RFC 5321 §4.1.3). Raises NoRoute."""
    inside = domain.strip("[]").removeprefix("ipv6:")
    try:
        return str(ipaddress.ip_address(inside))
    except ValueError as wrong:
        raise NoRoute("5.1.3", f"{domain} is not an address") from wrong


def _before_us(domain: str, records: list[tuple[int, str]], own_names: Collection[str]) -> list[tuple[int, str]]:
    """The records better than our own, without null ones. Raises NoRoute when none is left.

    RFC 5321 §5.1: a server that finds itself in the list drops itself and all that are not preferred to it,
    else mail would travel between the backups for ever.
    """
    hosts = [(preference, host) for preference, host in records if host != NULL_MX]
    if not hosts:
        raise NoRoute("5.1.10", f"The domain {domain} takes no mail")  # RFC 7505 §4.1
    ours = min((preference for preference, host in hosts if host in own_names), default=None)
    better = hosts if ours is None else [record for record in hosts if record[0] < ours]
    if not better:
        raise NoRoute("5.4.6", f"Mail for {domain} leads back to this server, which does not serve it")
    return better


def _in_order(records: list[tuple[int, str]]) -> Iterator[tuple[int, str]]:
    """By preference; equals in random order, to spread the load (RFC 5321 §5.1)."""
    by_preference = itemgetter(0)
    for _, equals in groupby(sorted(records, key=by_preference), by_preference):
        group = list(equals)
        random.shuffle(group)
        yield from group
