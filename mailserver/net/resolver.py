"""Questions to the DNS, in the three shapes of answer that mail routing and the checks of senders tell apart.

DnsError
├── DnsNoDomain     the name does not exist (NXDOMAIN, or it cannot be a name at all)
├── DnsNoAnswer     the name exists but has no record of this type
└── DnsTemporary    nobody could say now (SERVFAIL, REFUSED, timeout, no server)
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Literal, Protocol

import dns.asyncresolver
import dns.exception
import dns.flags
import dns.name
import dns.rdataclass
import dns.rdatatype
import dns.resolver
import dns.reversename
from dns.rdtypes.ANY.CNAME import CNAME
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.PTR import PTR
from dns.rdtypes.ANY.TLSA import TLSA
from dns.rdtypes.ANY.TXT import TXT
from dns.rdtypes.IN.A import A
from dns.rdtypes.IN.AAAA import AAAA

from mailserver.net.dane import Tlsa
from mailserver.net.dnsmemory import Memory, Question
from mailserver.net.dnssec import Records, copied, is_believed

# The root as MX target: the domain takes no mail (RFC 7505 §3).
NULL_MX = "."

# How long nothing is remembered, whatever the zone says: who publishes a first record wants it seen.
MISSING_SECONDS = 300.0

# Time enough for a resolver that lives: it has the servers of the root at hand.
PROBE_SECONDS = 1.0


class DnsError(Exception):
    pass


class DnsNoDomain(DnsError):
    pass


class DnsNoAnswer(DnsError):
    """`authentic`: DNSSEC proves that there is none."""

    def __init__(self, text: str = "", *, authentic: bool = False) -> None:
        super().__init__(text)
        self.authentic = authentic


class DnsTemporary(DnsError):
    pass


class NotAtHand(Exception):
    """Nobody asked before, or too long ago."""


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


class PolicyResolver(Resolver, Protocol):
    """What else is asked for the protection of a session. `mx` and `addresses` may be `Records` that are authentic."""

    async def txt(self, name: str) -> list[bytes]:
        """The TXT records, the strings of each joined. Raises DnsNoDomain, DnsNoAnswer, DnsTemporary."""

    async def tlsa(self, host: str, port: int) -> Records:
        """The `Tlsa` records of a server. Raises DnsNoDomain, DnsNoAnswer, DnsTemporary."""

    async def alias(self, name: str) -> Records:
        """What a name is an alias for, its CNAME alone. Raises DnsNoDomain, DnsNoAnswer, DnsTemporary."""


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
    `dnssec`: whether its AD bit is believed (`dnssec.is_believed`).
    """

    def __init__(
        self,
        server: tuple[str, int] | None = None,
        timeout: float = 10.0,
        remembers: int = 0,
        dnssec: str = "off",
    ) -> None:
        self._dnssec = dnssec
        self._server = server
        self._timeout = timeout
        # dnspython's own, which keeps answers in the form that they came in.
        self._cache = dns.resolver.LRUCache(remembers) if remembers else None
        self._memory: Memory[Question, Sequence[Any]] | None = Memory(remembers) if remembers else None
        self._resolver: dns.asyncresolver.Resolver | None = None
        self._believes = False

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        return copied(await self._records(domain, dns.rdatatype.MX))

    async def tlsa(self, host: str, port: int) -> Records:
        return copied(await self._records(f"_{port}._tcp.{host}", dns.rdatatype.TLSA))

    async def alias(self, name: str) -> Records:
        return copied(await self._records(name, dns.rdatatype.CNAME))

    async def addresses(self, host: str) -> list[str]:
        if host.lower() == "localhost":
            # RFC 6761 §6.3: never a question for the DNS.
            return ["127.0.0.1", "::1"]
        found = await asyncio.gather(
            self._records(host, dns.rdatatype.A), self._records(host, dns.rdatatype.AAAA), return_exceptions=True
        )
        # IPv4 first: RFC 5321 §5.2 leaves the order open, and large receivers judge IPv6 senders harder.
        addresses = [record for part in found if not isinstance(part, BaseException) for record in part]
        if not addresses:
            raise _worst([part for part in found if isinstance(part, BaseException)])
        # A kind that is missing adds no address, so it cannot lead astray.
        parts = [part for part in found if isinstance(part, Records)]
        return Records(addresses, authentic=all(part.authentic for part in parts), name=parts[0].name)

    async def txt(self, name: str) -> list[bytes]:
        return list(await self._records(name, dns.rdatatype.TXT))

    async def hosts(self, name: str, version: Literal[4, 6]) -> list[str]:
        return list(await self._records(name, dns.rdatatype.A if version == 4 else dns.rdatatype.AAAA))

    async def names(self, address: str) -> list[str]:
        return list(await self._records(address, dns.rdatatype.PTR))

    async def answers(self) -> bool:
        try:
            # One without a memory.
            await DnsResolver(self._server, PROBE_SECONDS)._ask(".", dns.rdatatype.NS)
        except DnsTemporary as trouble:
            return not isinstance(trouble.__cause__, dns.exception.Timeout)
        except DnsError:
            return True
        return True

    @property
    def at_hand(self) -> AtHand | None:
        """The same without waiting; None for a resolver that remembers nothing."""
        return AtHand(self._memory) if self._memory else None

    async def _records(self, name: str, kind: dns.rdatatype.RdataType) -> Sequence[Any]:
        """The records in the form in which they are told; `name` is the address for a PTR."""
        known = self._memory.get((name, kind.name)) if self._memory else None
        if known is not None:
            return known
        asked = dns.reversename.from_address(name).to_text() if kind == dns.rdatatype.PTR else name
        try:
            answer = await self._ask(asked, kind)
        except (DnsNoDomain, DnsNoAnswer) as missing:
            self._remember((name, kind.name), missing, self._missing_until(asked, kind))
            raise
        secure = self._believes and bool(answer.response.flags & dns.flags.AD)
        told = (told for told in map(_told, answer) if told is not None)
        records = Records(told, authentic=secure, name=_plain(answer.canonical_name))
        self._remember((name, kind.name), records, answer.expiration)
        return records

    def _remember(self, question: Question, answer: Sequence[Any] | Exception, until: float) -> None:
        if self._memory:
            self._memory.put(question, answer, until)

    def _missing_until(self, name: str, kind: dns.rdatatype.RdataType) -> float:
        """Until when there is nothing, which dnspython tells only its own memory (RFC 2308 §5)."""
        if self._cache is None:
            return 0.0
        try:
            asked = dns.name.from_text(name)
        except dns.exception.DNSException:
            return 0.0
        found = (self._cache.get((asked, each, dns.rdataclass.IN)) for each in (dns.rdatatype.ANY, kind))
        # An answer without records is false.
        until = max((answer.expiration for answer in found if answer is not None), default=0.0)
        return min(until, time.time() + MISSING_SECONDS)

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        try:
            resolver = await self._ready()
            return await resolver.resolve(dns.name.from_text(name), kind, search=False, lifetime=self._timeout)
        except dns.resolver.NXDOMAIN as missing:
            raise DnsNoDomain(f"{name} does not exist") from missing
        except dns.resolver.NoAnswer as missing:
            proven = self._believes and bool(missing.kwargs["response"].flags & dns.flags.AD)
            raise DnsNoAnswer(f"{name} has no {kind.name} record", authentic=proven) from missing
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
            self._believes = is_believed(self._dnssec, resolver.nameservers)
            if self._believes:
                resolver.flags = dns.flags.RD | dns.flags.AD  # RFC 6840 §5.7: asks for the bit without the signatures
            # Only now: A and AAAA are asked at the same time, and one must not see the other's half-made resolver.
            self._resolver = resolver
        return self._resolver


class AtHand(DnsResolver):
    """What a resolver remembers: its coroutines never wait. Raises NotAtHand for what it does not know."""

    def __init__(self, memory: Memory[Question, Sequence[Any]]) -> None:
        super().__init__()
        self.memory = self._memory = memory

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> dns.resolver.Answer:
        raise NotAtHand(name)


def _told(record: object) -> str | bytes | tuple[int, str] | Tlsa | None:
    if isinstance(record, TLSA):
        return Tlsa(record.usage, record.selector, record.mtype, record.cert)
    if isinstance(record, MX):
        return record.preference, _plain(record.exchange)
    if isinstance(record, TXT):
        return b"".join(record.strings)
    if isinstance(record, (PTR, CNAME)):
        return _plain(record.target)
    return record.to_text() if isinstance(record, (A, AAAA)) else None


def _plain(name: dns.name.Name) -> str:
    return name.to_text(omit_final_dot=True).lower()


def _worst(errors: list[BaseException]) -> BaseException:
    """What to say when neither A nor AAAA gave an address: a doubt outweighs a no."""
    for kind in (DnsTemporary, DnsNoDomain, DnsNoAnswer):
        for error in errors:
            if isinstance(error, kind):
                return error
    return errors[0]
