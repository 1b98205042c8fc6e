"""A DNS made of dicts, for everything that asks through `mailserver.net.resolver.Resolver`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from mailserver.net.resolver import DnsNoAnswer, DnsNoDomain, DnsTemporary

# In place of records: the server fails or does not answer.
SERVFAIL = "SERVFAIL"


class FakeResolver:
    """Answers from `mx` (domain → [(preference, host)]) and `addresses` (host → [address]).

    A value SERVFAIL raises DnsTemporary; a name in neither dict raises DnsNoDomain; a name in the other dict, or
    with an empty list, raises DnsNoAnswer. `asked` lists the questions, `mx hamburger.edu` and so on.
    """

    def __init__(
        self,
        mx: Mapping[str, Sequence[tuple[int, str]] | str] | None = None,
        addresses: Mapping[str, Sequence[str] | str] | None = None,
        cname: Mapping[str, str] | None = None,
    ) -> None:
        self._mx = mx or {}
        self._addresses = addresses or {}
        self._cname = cname or {}
        self.asked: list[str] = []

    async def mx(self, domain: str) -> list[tuple[int, str]]:
        self.asked.append(f"mx {domain}")
        return [record for record in self._found(self._mx, domain) if not isinstance(record, str)]

    async def addresses(self, host: str) -> list[str]:
        self.asked.append(f"addresses {host}")
        return [address for address in self._found(self._addresses, host) if isinstance(address, str)]

    def _found(
        self, records: Mapping[str, Sequence[tuple[int, str]] | Sequence[str] | str], name: str
    ) -> Sequence[tuple[int, str]] | Sequence[str]:
        name = self._cname.get(name, name)
        found = records.get(name)
        if found == SERVFAIL:
            raise DnsTemporary(f"no answer for {name}")
        if found:
            assert not isinstance(found, str)
            return found
        if name in self._mx or name in self._addresses:
            raise DnsNoAnswer(f"{name} has no such record")
        raise DnsNoDomain(f"{name} does not exist")
