"""The IMAP listeners as the settings say: one with STARTTLS, one over TLS."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable

from mailserver.conf import Config
from mailserver.servers.certificate import Certificate
from mailserver.servers.crowd import Crowd
from mailserver.servers.imap.connection import Connection, Site
from mailserver.servers.imap.hub import Hub
from mailserver.servers.imap.session import Session
from mailserver.servers.limits import Register
from mailserver.servers.runtime import House, Listener

# With TLS some 40 KB each.
MAX_CONNECTIONS = 5000
# Before sign-in, from one address.
STRANGERS = 20


def house(config: Config) -> House:
    """What `manage.py runimap` serves. Without a certificate the port in clear opens alone, and nobody can sign in."""
    certificate = Certificate(config.tls_cert, config.tls_key) if config.tls_cert else None
    bound = STRANGERS if config.connection_limits else None
    register = Register(per_address=bound, total=MAX_CONNECTIONS, crowd=Crowd("imap", bound) if bound else None)
    site = Site(
        hostname=config.hostname,
        size_limit=config.size_limit,
        register=register,
        hub=Hub(config.redis_url),
        tls=lambda: certificate.context if certificate else None,
        folder=config.data_dir if os.access(config.data_dir, os.W_OK) else None,
    )
    listeners = [Listener("imap", config.imap_port, _connection(site))]
    if certificate:
        listeners.append(Listener("imaps", config.imaps_port, _connection(site), encrypted=True))
    return House(config.bind, listeners, register, certificate, closing=(site.close,))


def _connection(site: Site) -> Callable[[], asyncio.Protocol]:
    return lambda: Connection(site, Session)
