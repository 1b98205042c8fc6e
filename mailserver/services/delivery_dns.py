"""The resolver of deliveries: each thread of a worker has one, which remembers answers for as long as they say."""

from __future__ import annotations

import threading

from django.conf import settings

from mailserver.net.resolver import DnsResolver

REMEMBERED_ANSWERS = 2000

_kept = threading.local()


def resolver() -> DnsResolver:
    """That of this thread, for the settings of now."""
    wanted = settings.CORREIO.dns_server, settings.CORREIO.dnssec
    known: tuple[tuple[object, ...], DnsResolver] | None = getattr(_kept, "resolver", None)
    if known is None or known[0] != wanted:
        server, dnssec = wanted
        known = _kept.resolver = wanted, DnsResolver(server, remembers=REMEMBERED_ANSWERS, dnssec=dnssec)
    return known[1]
