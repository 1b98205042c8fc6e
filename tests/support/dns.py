"""A DNS made of dicts, for everything that asks through `mailserver.net.resolver.Resolver`."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dns.reversename

from mailserver.net.dnssec import Records
from mailserver.net.resolver import DnsNoAnswer, DnsNoDomain, DnsTemporary

# In place of records: the server fails or does not answer.
SERVFAIL = "SERVFAIL"
# An answer never comes.
SILENCE = "SILENCE"


class FakeResolver:
    """Answers from `mx` (domain → [(preference, host)]) and `addresses` (host → [address]).

    A value SERVFAIL raises DnsTemporary; a name in neither dict raises DnsNoDomain; a name in the other dict, or
    with an empty list, raises DnsNoAnswer. `asked` lists the questions, `mx hamburger.edu` and so on;
    `authentic` are those whose answers DNSSEC protects.
    """

    def __init__(
        self,
        mx: Mapping[str, Sequence[tuple[int, str]] | str] | None = None,
        addresses: Mapping[str, Sequence[str] | str] | None = None,
        cname: Mapping[str, str] | None = None,
        txt: Mapping[str, Sequence[bytes] | str] | None = None,
        tlsa: Mapping[str, Sequence[Any] | str] | None = None,
        authentic: Collection[str] = (),
    ) -> None:
        self._txt = txt or {}
        self._tlsa = tlsa or {}
        self.authentic = set(authentic)
        self._mx = mx or {}
        self._addresses = addresses or {}
        self._cname = cname or {}
        self.asked: list[str] = []

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        self.asked.append(f"mx {domain}")
        found = [record for record in self._found(self._mx, domain) if not isinstance(record, str)]
        return Records(found, authentic=self.asked[-1] in self.authentic)

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(f"addresses {host}")
        found = [address for address in self._found(self._addresses, host) if isinstance(address, str)]
        return Records(found, authentic=self.asked[-1] in self.authentic, name=self._cname.get(host, host))

    async def txt(self, name: str) -> list[bytes]:
        self.asked.append(f"txt {name}")
        return list(self._found(self._txt, name))

    async def alias(self, name: str) -> Records:
        self.asked.append(f"alias {name}")
        if name not in self._cname:
            raise DnsNoAnswer(f"{name} is no alias")
        return Records([self._cname[name]], authentic=self.asked[-1] in self.authentic)

    async def tlsa(self, host: str, port: int) -> Records:
        name = f"_{port}._tcp.{host}"
        self.asked.append(f"tlsa {name}")
        return Records(self._found(self._tlsa, name), authentic=self.asked[-1] in self.authentic)

    def _found(self, records: Mapping[str, Any], name: str) -> Sequence[Any]:
        name = self._cname.get(name, name)
        found = records.get(name)
        if found == SERVFAIL:
            raise DnsTemporary(f"no answer for {name}")
        if found:
            assert not isinstance(found, str)
            return found
        if name in self._mx or name in self._addresses:
            raise DnsNoAnswer(f"{name} has no such record", authentic=self.asked[-1] in self.authentic)
        raise DnsNoDomain(f"{name} does not exist")


class FakeEvidence:
    """Answers the checks of senders from a zone: name → [(type, value)], or SERVFAIL, or SILENCE.

    The value of MX is (preference, host), of TXT octets or text, of all others text; a value SERVFAIL fails for that
    type only. A name not in the zone raises DnsNoDomain, without records of the type DnsNoAnswer. `asked` lists the
    questions, `crepes.fr TXT` and so on. `alive`: what `answers` says.
    """

    def __init__(
        self, zone: Mapping[str, Sequence[tuple[str, Any]] | str] | None = None, *, alive: bool = True
    ) -> None:
        self.zone = {name.lower(): records for name, records in (zone or {}).items()}
        self.alive = alive
        self.asked: list[str] = []

    async def txt(self, name: str) -> list[bytes]:
        found = await self._records(name, "TXT")
        return [value if isinstance(value, bytes) else value.encode() for value in found]

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        return await self._records(domain, "MX")

    async def addresses(self, host: str) -> list[str]:
        return [*await self._records(host, "A"), *await self._records(host, "AAAA")]

    async def hosts(self, name: str, version: int) -> list[str]:
        return await self._records(name, "A" if version == 4 else "AAAA")

    async def names(self, address: str) -> list[str]:
        return await self._records(dns.reversename.from_address(address).to_text(), "PTR")

    async def answers(self) -> bool:
        self.asked.append(". NS")
        return self.alive

    async def _records(self, name: str, kind: str) -> list[Any]:
        name = name.lower().rstrip(".")
        self.asked.append(f"{name} {kind}")
        for _ in range(10):
            records = self.zone.get(name)
            if records is None:
                raise DnsNoDomain(f"{name} does not exist")
            if records == SILENCE:
                await asyncio.Event().wait()
            found = [value for this, value in records if this == kind] if records != SERVFAIL else [SERVFAIL]
            if SERVFAIL in found:
                raise DnsTemporary(f"no answer for {name}")
            aliases = [value for this, value in records if this == "CNAME"]
            if found or not aliases:
                break
            name = aliases[0].lower().rstrip(".")
        if not found:
            raise DnsNoAnswer(f"{name} has no {kind} record")
        return found
