"""The POP3 listeners as the settings say: with STLS, and with TLS from the first octet."""

from __future__ import annotations

from mailserver.conf import Config
from mailserver.errors import ConfigurationError
from mailserver.servers.certificate import Certificate
from mailserver.servers.crowd import Crowd
from mailserver.servers.limits import Register
from mailserver.servers.pop3.protocol import Connection, Site
from mailserver.servers.runtime import House, Listener

MAX_CONNECTIONS = 500


def house(config: Config) -> House:
    """What `manage.py runpop3` serves. Raises ConfigurationError without a certificate: nobody could sign in."""
    if config.tls_cert is None:
        raise ConfigurationError("POP3 needs a certificate: set CORREIO_TLS_CERT and CORREIO_TLS_KEY.")
    certificate = Certificate(config.tls_cert, config.tls_key)
    bound = config.connection_limits
    register = Register(
        per_address=bound.count if bound else None,
        total=MAX_CONNECTIONS,
        crowd=Crowd("pop3", bound.count) if bound else None,
    )
    site = Site(config.hostname, register, lambda: certificate.context)
    listeners = [
        Listener("pop3", config.pop3_port, lambda: Connection(site)),
        Listener("pop3s", config.pop3s_port, lambda: Connection(site), encrypted=True),
    ]
    return House(config.bind, listeners, register, certificate)
