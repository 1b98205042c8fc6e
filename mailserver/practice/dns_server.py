"""A real DNS server on loopback, UDP and TCP, with a zone made of text; it can be told to fail."""

from __future__ import annotations

import socket
import socketserver
import threading
from collections.abc import Mapping, Sequence
from types import TracebackType

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

SERVFAIL = "SERVFAIL"
SILENCE = "SILENCE"


class DnsServer:
    """`with DnsServer({"hamburger.edu": ["MX 10 mx1.hamburger.edu."]}) as server:` … `server.address`.

    A name's value is a list of records, or SERVFAIL, or SILENCE (never an answer). Names not in the zone give
    NXDOMAIN; CNAMEs are followed as a recursive server does. `asked` lists the questions as `name type`, the last
    thousand. With `validates` it says that DNSSEC protects what it tells, to who asks for that. `port`: 0 for any
    free one.
    """

    def __init__(self, zone: Mapping[str, Sequence[str] | str], port: int = 0) -> None:
        self.zone = {f"{name}.": records for name, records in zone.items()}
        self.asked: list[str] = []
        self.validates = False
        self._port = port

    def __enter__(self) -> DnsServer:
        # One port number for both protocols: TCP chooses it, UDP follows.
        self._tcp = _Tcp(("127.0.0.1", self._port), self)
        self.address: tuple[str, int] = ("127.0.0.1", self._tcp.server_address[1])
        self._udp = _Udp(self.address, self)
        self._threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
            for server in (self._tcp, self._udp)
        ]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for server in (self._tcp, self._udp):
            server.shutdown()
            server.server_close()
        for thread in self._threads:
            thread.join()

    @property
    def names(self) -> set[str]:
        return {name.rstrip(".") for name in self.zone}

    def reply(self, packet: bytes, limit: int) -> bytes | None:
        """The answer to one query, cut to a truncation notice above `limit` octets; None for silence."""
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name, kind = question.name.to_text().lower(), dns.rdatatype.to_text(question.rdtype)
        self.asked.append(f"{name.rstrip('.')} {kind}")
        del self.asked[:-1000]
        response = dns.message.make_response(query, recursion_available=True)
        if self.validates and query.flags & dns.flags.AD:
            response.flags |= dns.flags.AD
        for _ in range(16):  # a loop of CNAMEs ends like one of a recursive server: with what was found so far
            records = self.zone.get(name)
            if records == SILENCE:
                return None
            if records is None or records == SERVFAIL:
                response.set_rcode(dns.rcode.NXDOMAIN if records is None else dns.rcode.SERVFAIL)
                break
            alias = self._add(response, name, records, kind)
            if alias is None:
                break
            name = alias
        wire = response.to_wire()
        if len(wire) > limit:
            cut = dns.message.make_response(query, recursion_available=True)
            cut.flags |= dns.flags.TC
            return cut.to_wire()
        return wire

    @staticmethod
    def _add(response: dns.message.Message, name: str, records: Sequence[str], kind: str) -> str | None:
        """Puts the records of `kind` into the answer; returns the alias to follow, if the name is one."""
        pairs = [record.partition(" ") for record in records]
        for wanted in (kind, "CNAME"):
            values = [value for this, _, value in pairs if this == wanted]
            if values:
                response.answer.append(dns.rrset.from_text(name, 60, "IN", wanted, *values))
                return values[0] if wanted == "CNAME" else None
        return None


class _UdpHandler(socketserver.BaseRequestHandler):
    def handle(self) -> None:
        packet, sock = self.request
        answer = _owner(self.server).reply(packet, 512)
        if answer is not None:
            sock.sendto(answer, self.client_address)


class _TcpHandler(socketserver.StreamRequestHandler):
    def handle(self) -> None:
        length = int.from_bytes(self.rfile.read(2), "big")
        answer = _owner(self.server).reply(self.rfile.read(length), 65535)
        if answer is not None:
            self.wfile.write(len(answer).to_bytes(2, "big") + answer)


class _Udp(socketserver.ThreadingUDPServer):
    def __init__(self, address: tuple[str, int], owner: DnsServer) -> None:
        self.owner = owner
        super().__init__(address, _UdpHandler)


class _Tcp(socketserver.ThreadingTCPServer):
    address_family = socket.AF_INET

    def __init__(self, address: tuple[str, int], owner: DnsServer) -> None:
        self.owner = owner
        super().__init__(address, _TcpHandler)


def _owner(server: socketserver.BaseServer) -> DnsServer:
    assert isinstance(server, _Udp | _Tcp)
    return server.owner
