"""The resolver of deliveries remembers what it was told, in each thread of a worker."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from mailserver.practice.dns_server import DnsServer
from mailserver.services import delivery_dns


def test_a_thread_asks_once(configure):
    def ask():
        resolver = delivery_dns.resolver()
        return asyncio.run(resolver.mx("hamburger.edu")), resolver

    with DnsServer({"hamburger.edu": ["MX 10 mx1.hamburger.edu."]}) as server, ThreadPoolExecutor(1) as other:
        configure(dns_server=server.address)
        answers = [ask(), ask(), other.submit(ask).result()]
        assert [answer for answer, _ in answers] == [[(10, "mx1.hamburger.edu")]] * 3
        assert answers[0][1] is answers[1][1] is not answers[2][1]
        assert server.asked == ["hamburger.edu MX"] * 2
        configure(dns_server=server.address, dnssec="on")
        assert delivery_dns.resolver() is not answers[0][1]
