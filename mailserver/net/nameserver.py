"""One question to one server of the DNS over UDP, as dnspython's resolver wants it, at a third of its CPU.

A worker that calls a thousand servers for the first time asks four questions about each, and spent more on them than
on the calls. All else, truncated answers by TCP among them, is left to dnspython.
"""

from __future__ import annotations

import asyncio
import struct
from typing import Any

import dns.exception
import dns.message
import dns.nameserver

_HEADER = struct.Struct("!6H")
_KIND = struct.Struct("!2H")


class Nameserver(dns.nameserver.Do53Nameserver):
    """Each question goes from a socket of its own, hence from a port that nobody can guess (RFC 5452 §9.2)."""

    async def async_query(self, request: dns.message.QueryMessage, *args: Any, **options: Any) -> dns.message.Message:
        if options.get("max_size") or request.edns >= 0 or request.keyring or options.get("source"):
            return await super().async_query(request, *args, **options)
        loop = asyncio.get_running_loop()
        transport, question = await loop.create_datagram_endpoint(
            lambda: _Question(request), remote_addr=(self.address, self.port)
        )
        clock = loop.call_later(options["timeout"], question.give_up)
        try:
            return await question.answer
        finally:
            clock.cancel()
            transport.close()


class _Question(asyncio.DatagramProtocol):
    def __init__(self, request: dns.message.QueryMessage) -> None:
        self.answer: asyncio.Future[dns.message.Message] = asyncio.get_running_loop().create_future()
        self._request = request

    def give_up(self) -> None:
        self._fail(dns.exception.Timeout())  # type: ignore[no-untyped-call]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.sendto(written(self._request))  # type: ignore[attr-defined]

    def datagram_received(self, data: bytes, _: object) -> None:
        """What is no answer to this question is passed over: anybody may send it."""
        try:
            found = dns.message.from_wire(data, raise_on_truncation=True)
        except dns.message.Truncated as cut:
            if self._request.is_response(cut.message()):  # type: ignore[no-untyped-call]
                self._fail(cut)
        except Exception:
            return  # whatever dnspython says of octets that are no message
        else:
            if self._request.is_response(found) and not self.answer.done():
                self.answer.set_result(found)

    def error_received(self, fault: Exception) -> None:
        # A server that is restarted refuses for a moment; the question is asked again when its time is over.
        if not isinstance(fault, ConnectionRefusedError):
            self._fail(fault)

    def _fail(self, fault: Exception) -> None:
        if not self.answer.done():
            self.answer.set_exception(fault)


def written(request: dns.message.QueryMessage) -> bytes:
    """A question without EDNS as it goes over the wire (RFC 1035 §4.1)."""
    (question,) = request.question
    head = _HEADER.pack(request.id, request.flags, 1, 0, 0, 0)
    return head + (question.name.to_wire() or b"") + _KIND.pack(question.rdtype, question.rdclass)
