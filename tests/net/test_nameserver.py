"""Questions over UDP: what is no answer is passed over, and what cannot be answered so is left to dnspython."""

from __future__ import annotations

import asyncio
import socket
import threading

import dns.exception
import dns.message
import dns.rrset
import pytest

from mailserver.net.nameserver import Nameserver, written


def question(name: str = "hamburger.edu", kind: str = "MX", **options) -> dns.message.QueryMessage:
    return dns.message.make_query(name, kind, use_edns=False, **options)


@pytest.fixture
def server():
    """Sends back what `answers` makes of a question, one datagram after the other."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.settimeout(10)

        def start(*answers) -> Nameserver:
            def serve() -> None:
                packet, caller = listener.recvfrom(65535)
                for answer in answers:
                    listener.sendto(answer(dns.message.from_wire(packet)), caller)

            threading.Thread(target=serve, daemon=True).start()
            return Nameserver("127.0.0.1", listener.getsockname()[1])

        yield start


def ask(nameserver: Nameserver, request: dns.message.QueryMessage, timeout: float = 10.0) -> dns.message.Message:
    asked = nameserver.async_query(request, timeout=timeout, source=None, source_port=0, max_size=False, backend=None)
    return asyncio.run(asked)


def told(request: dns.message.Message) -> bytes:
    response = dns.message.make_response(request)
    response.answer.append(dns.rrset.from_text(request.question[0].name, 60, "IN", "MX", "10 mx1.hamburger.edu."))
    return response.to_wire()


def forged(request: dns.message.Message) -> bytes:
    """The right question under another number."""
    packet = told(request)
    return bytes([packet[0] ^ 1]) + packet[1:]


def cut(request: dns.message.Message) -> bytes:
    response = dns.message.make_response(request)
    response.flags |= dns.flags.TC
    return response.to_wire()


@pytest.mark.parametrize("name", ["hamburger.edu", "xn--bcher-kva.test", "a" * 63 + ".test", "."])
@pytest.mark.parametrize("kind", ["MX", "AAAA", "TXT"])
def test_it_writes_a_question_as_dnspython_does(name, kind):
    request = question(name, kind)
    assert written(request) == request.to_wire()


def test_it_passes_over_what_is_no_answer_to_the_question(server):
    nameserver = server(lambda request: b"", lambda request: b"\x00noise", forged, told)
    found = ask(nameserver, question())
    assert [str(record) for record in found.answer[0]] == ["10 mx1.hamburger.edu."]


def test_a_truncated_answer_says_so_unless_it_is_forged(server):
    nameserver = server(lambda request: bytes([cut(request)[0] ^ 1]) + cut(request)[1:], cut)
    with pytest.raises(dns.message.Truncated):
        ask(nameserver, question())


def test_nobody_who_answers_is_waited_for(server):
    with pytest.raises(dns.exception.Timeout):
        ask(server(forged), question(), timeout=0.2)


def test_a_server_that_refuses_is_waited_for_too():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    with pytest.raises(dns.exception.Timeout):
        ask(Nameserver("127.0.0.1", port), question(), timeout=0.2)
