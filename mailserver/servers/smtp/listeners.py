"""The SMTP listeners as the settings say: MX, submission with STARTTLS, submission over TLS."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from mailserver.conf import Config
from mailserver.net.dnsbl import Blocklists
from mailserver.net.resolver import DnsResolver
from mailserver.net.scanners import Scanners
from mailserver.net.senderauth import SECONDS, SenderCheck
from mailserver.servers.certificate import Certificate
from mailserver.servers.crowd import Crowd
from mailserver.servers.limits import Register
from mailserver.servers.runtime import House, Listener
from mailserver.servers.smtp.committer import Committer
from mailserver.servers.smtp.mx import MxDoor
from mailserver.servers.smtp.protocol import Connection, Site
from mailserver.servers.smtp.session import Door
from mailserver.servers.smtp.submission import SubmissionDoor

logger = logging.getLogger(__name__)

MAX_CONNECTIONS = 500
# Of one account, once it has signed in: as many as it may have sessions of IMAP.
PER_ACCOUNT = 50
# A few kilobytes each, at most.
REMEMBERED_ANSWERS = 5000


def house(config: Config) -> House:
    """What `manage.py runsmtp` serves. Without a certificate nobody could sign in, so only the MX opens."""
    certificate = Certificate(config.tls_cert, config.tls_key) if config.tls_cert else None
    bound = config.connection_limits
    register = Register(
        per_address=bound.count if bound else None,
        per_account=PER_ACCOUNT if bound else None,
        total=MAX_CONNECTIONS,
        crowd=Crowd("smtp", bound.count) if bound else None,
    )
    site = Site(
        hostname=config.hostname,
        size_limit=config.size_limit,
        register=register,
        tls=lambda: certificate.context if certificate else None,
        folder=config.data_dir if os.access(config.data_dir, os.W_OK) else None,
    )
    committer = Committer(folder=site.folder)
    listeners = [Listener("mx", config.mx_port, _connection(site, _mx(config, committer)))]
    if certificate:
        door = SubmissionDoor()
        listeners += [
            Listener("submission", config.submission_port, _connection(site, door)),
            Listener("submissions", config.submissions_port, _connection(site, door), encrypted=True),
        ]
    else:
        logger.warning("no certificate (CORREIO_TLS_CERT): submission stays closed")
    return House(config.bind, listeners, register, certificate, closing=(committer.close, site.refusals.close))


def _mx(config: Config, committer: Committer) -> MxDoor:
    resolver = DnsResolver(config.dns_server, timeout=SECONDS, remembers=REMEMBERED_ANSWERS)
    check = (
        None
        if config.sender_checks == "off"
        else SenderCheck(resolver, memory=resolver.at_hand, receiver=config.hostname)
    )
    everybody = config.sender_checks == "all"
    scanners = _scanners(config, resolver, everybody)
    return MxDoor(check=check, check_all=everybody, scanners=scanners, committer=committer)


def _scanners(config: Config, resolver: DnsResolver, everybody: bool) -> Scanners | None:
    if not (config.dnsbl or config.rspamd_url or config.clamd):
        return None
    return Scanners(
        blocklists=Blocklists(config.dnsbl, resolver) if config.dnsbl else None,
        rspamd_url=config.rspamd_url,
        clamd_place=config.clamd,
        everybody=everybody,
    )


def _connection(site: Site, door: Door) -> Callable[[], asyncio.Protocol]:
    return lambda: Connection(site, door)
