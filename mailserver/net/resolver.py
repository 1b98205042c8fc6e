"""Questions to the DNS, in the three shapes of answer that mail routing and the checks of senders tell apart.

DnsError
├── DnsNoDomain     the name does not exist (NXDOMAIN, or it cannot be a name at all)
├── DnsNoAnswer     the name exists but has no record of this type
└── DnsTemporary    nobody could say now (SERVFAIL, REFUSED, timeout, no server)
"""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TXT import TXT

# The root as MX target: the domain takes no mail (RFC 7505 §3).
NULL_MX = "."

# Time enough for a resolver that lives: it has the servers of the root at hand.
PROBE_SECONDS = 1.0


class DnsError(Exception):
    pass


class DnsNoDomain(DnsError):
    pass


class DnsNoAnswer(DnsError):
    pass


class DnsTemporary(DnsError):
    pass


class Resolver(Protocol):
    """What routing asks. Names come back in lower case without the final dot; CNAMEs are followed."""

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        """(preference, host) of each MX record, unordered; the host of a null MX is `NULL_MX`.

        Raises DnsNoDomain, DnsNoAnswer, DnsTemporary.
        """

    async def addresses(self, host: str) -> list[str]:
        """IPv4 addresses, then IPv6 addresses, each kind in the order the server gave.

        Raises DnsNoDomain, DnsNoAnswer, DnsTemporary.
        """


class Evidence(Resolver, Protocol):
    """What the checks of a sender ask besides."""

    async def txt(self, name: str) -> list[bytes]:
        """The TXT records, the strings of each joined. Raises DnsNoDomain, DnsNoAnswer, DnsTemporary."""

    async def hosts(self, name: str, version: Literal[4, 6]) -> list[str]:
        """The addresses of one kind. Raises DnsNoDomain, DnsNoAnswer, DnsTemporary."""

    async def names(self, address: str) -> list[str]:
        """The names of an IP address (PTR). Raises DnsNoDomain, DnsNoAnswer, DnsTemporary."""

    async def answers(self) -> bool:
        """Whether the resolver itself answers, asked for what each must know: the servers of the root."""


class DnsResolver:
    """The real DNS: the system's servers, or the one `server` (host, port) when given.

    `timeout`: seconds for one question, with all its repetitions. `remembers`: answers kept for as long as they say.
    """

    def __init__(self, server: tuple[str, int] | None = None, timeout: float = 10.0, remembers: int = 0) -> None:
        self._server = server
        self._timeout = timeout
        self._cache = dns.resolver.LRUCache(remembers) if remembers else None
        self._resolver: dns.asyncresolver.Resolver | None = None

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        answer = await self._ask(domain, dns.rdatatype.MX)
        return [(record.preference, _plain(record.exchange)) for record in answer if isinstance(record, MX)]

    async def addresses(self, host: str) -> list[str]:
        if host.lower() == "localhost":
            # RFC 6761 §6.3: never a question for the DNS.
            return ["127.0.0.1", "::1"]
        found = await asyncio.gather(
            self._ask(host, dns.rdatatype.A), self._ask(host, dns.rdatatype.AAAA), return_exceptions=True
        )
        # IPv4 first: RFC 5321 §5.2 leaves the order open, and large receivers judge IPv6 senders harder.
        addresses = [record.to_text() for part in found if not isinstance(part, BaseException) for record in part]
        if not addresses:
            raise _worst([part for part in found if isinstance(part, BaseException)])
        return addresses

    async def txt(self, name: str) -> list[bytes]:
        answer = await self._ask(name, dns.rdatatype.TXT)
        return [b"".join(record.strings) for record in answer if isinstance(record, TXT)]

    async def hosts(self, name: str, version: Literal[4, 6]) -> list[str]:
        answer = await self._ask(name, dns.rdatatype.A if version == 4 else dns.rdatatype.AAAA)
        return [record.to_text() for record in answer]

    async def names(self, address: str) -> list[str]:
        reverse = dns.reversename.from_address(address).to_text()
        answer = await self._ask(reverse, dns.rdatatype.PTR)
        return [_plain(record.target) for record in answer if isinstance(record, PTR)]

    async def answers(self) -> bool:
        try:
            # One without a memory.
            await DnsResolver(self._server, PROBE_SECONDS)._ask(".", dns.rdatatype.NS)
        except DnsTemporary as trouble:
            return not isinstance(trouble.__cause__, dns.exception.Timeout)
        except DnsError:
            return True
        return True

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        try:
            resolver = await self._ready()
            return await resolver.resolve(dns.name.from_text(name), kind, search=False, lifetime=self._timeout)
        except dns.resolver.NXDOMAIN as missing:
            raise DnsNoDomain(f"{name} does not exist") from missing
        except dns.resolver.NoAnswer as missing:
            raise DnsNoAnswer(f"{name} has no {kind.name} record") from missing
        except (dns.name.LabelTooLong, dns.name.NameTooLong, dns.name.EmptyLabel, dns.name.BadEscape) as wrong:
            raise DnsNoDomain(f"{name} is not a domain name") from wrong
        except dns.name.IDNAException as wrong:
            raise DnsNoDomain(f"{name} is not a domain name") from wrong
        except (dns.exception.DNSException, OSError) as trouble:
            raise DnsTemporary(f"no answer for {name} {kind.name}: {type(trouble).__name__}") from trouble

    async def _ready(self) -> dns.asyncresolver.Resolver:
        """dnspython's resolver; its servers must be addresses, so a server given by name is looked up once."""
        if self._resolver is None:
            resolver = dns.asyncresolver.Resolver(configure=self._server is None)
            if self._server is not None:
                host, port = self._server
                found = await asyncio.get_running_loop().getaddrinfo(host, port)
                resolver.nameservers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
                resolver.port = port
            resolver.cache = self._cache
            # Only now: A and AAAA are asked at the same time, and one must not see the other's half-made resolver.
            self._resolver = resolver
        return self._resolver


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _worst(errors: list[BaseException]) -> BaseException:
    """What to say when neither A nor AAAA gave an address: a doubt outweighs a no."""
    for kind in (DnsTemporary, DnsNoDomain, DnsNoAnswer):
        for error in errors:
            if isinstance(error, kind):
                return error
    return errors[0]
