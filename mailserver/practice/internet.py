"""The practice internet as a running thing: the directory and the servers of all places."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from types import TracebackType

from mailserver.practice.actions import Ask, Session
from mailserver.practice.certificates import FRESH, OUTDATED, Authority, authority, context_of, self_signed
from mailserver.practice.dns_server import DnsServer
from mailserver.practice.places import Host, Place, data, places, queued
from mailserver.practice.policies import PolicyServer
from mailserver.practice.scripted import ScriptedServer

# Told of each message taken: the server's name, its session and the message.
Taken = Callable[[str, Session, bytes], None]


class Internet:
    """`with Internet() as internet:` … `internet.dns.address`, `internet.port`, `internet.servers["mx1.fine.test"]`.

    `port` and `dns_port`: 0 for any free one; `policy_port`: of the policy servers (MTA-STS), None for none.
    `authority` vouches for those of its servers whose certificate is good.
    """

    def __init__(
        self,
        world: Sequence[Place] | None = None,
        *,
        port: int = 0,
        dns_port: int = 0,
        policy_port: int | None = None,
        taken: Taken | None = None,
    ) -> None:
        self.places = places() if world is None else world
        self.authority = authority()
        self.port = port
        self.servers: dict[str, ScriptedServer] = {}
        self._taken = taken
        self._policy_port = policy_port
        self._open = ExitStack()
        zone = {name: records for place in self.places for name, records in place.zone().items()}
        self.dns = DnsServer(zone, dns_port)

    def __enter__(self) -> Internet:
        with ExitStack() as opening:
            opening.enter_context(self.dns)
            for host in (host for place in self.places for host in place.hosts):
                self.servers[host.name] = server = opening.enter_context(self._server(host))
                self.port = server.port  # the first chooses it, the others follow at their own addresses
            if self._policy_port is not None:
                opening.enter_context(PolicyServer(self._policies(), self.authority, self._policy_port))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _server(self, host: Host) -> ScriptedServer:
        return ScriptedServer(
            replies={"DATA": Ask(data), "END": Ask(queued), **host.replies},
            extensions=host.offered,
            handshake=host.handshake,
            host=host.name,
            where=(host.address, self.port),
            context=context_of(_proof(host, self.authority)),
            taken=partial(self._taken, host.name) if self._taken else None,
        )

    def _policies(self) -> dict[str, Sequence[str]]:
        """The hosts that a domain's policy names, by the name of its policy server."""
        strict = [place for place in self.places if f"mta-sts.{place.domain}" in self.dns.names]
        return {f"mta-sts.{place.domain}": [host.name for host in place.hosts] for place in strict}


def _proof(host: Host, vouching: Authority) -> bytes:
    if host.proof == "good":
        return vouching.vouch(host.name)
    if host.proof == "outdated":
        return vouching.vouch(host.name, OUTDATED)
    return self_signed(host.name, FRESH) if host.proof == "self-signed" else vouching.vouch("mx.somebody-else.test")
