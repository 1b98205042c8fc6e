"""Ways of mail that an administrator has set: those of the dashboard, and before any other those of CORREIO_ROUTES."""

from __future__ import annotations

import re
from typing import Literal

from django.conf import settings
from django.db import IntegrityError, transaction

from mailserver.conf import Route
from mailserver.errors import AlreadyExists, InvalidName, NotFound, SecretUnreadable
from mailserver.mail import addresses
from mailserver.net import relay as net
from mailserver.net.mx import SMART_HOST
from mailserver.services import secrets
from mailserver.store.models import Relay

_PROTECTIONS: dict[str, Literal["may", "encrypt", "verify"]] = {
    Relay.Protection.MAY: "may",
    Relay.Protection.ENCRYPT: "encrypt",
    Relay.Protection.VERIFY: "verify",
}
_HOST = re.compile(r"[A-Za-z0-9_:-]{1,63}(?:\.[A-Za-z0-9_-]{1,63})*\Z")


def table() -> dict[str, Route]:
    """Every way by domain (A-labels, `*`); a row of the dashboard comes before CORREIO_ROUTES."""
    routes: dict[str, Route] = dict(settings.CORREIO.routes)
    for row in Relay.objects.all():
        routes[row.domain] = _route(row)
    return routes


def save(
    *,
    relay_id: int | None = None,
    domain: str,
    host: str,
    port: int,
    protection: str,
    username: str = "",
    password: str | None = None,
) -> Relay:
    """Make a way, or change one. `password` None leaves the one that is kept; without a user name there is none.

    Raises InvalidName (domain, host), AlreadyExists (the domain has a way), NotFound.
    """
    row = Relay() if relay_id is None else Relay.objects.filter(pk=relay_id).first()
    if row is None:
        raise NotFound("This way of mail is gone.")
    row.domain, row.host, row.port = domain_name(domain), host_name(host), port
    row.protection, row.username = Relay.Protection(protection), username
    if password is not None:
        row.secret = secrets.encrypt(password) if password else ""
    if not username:
        row.secret = ""
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as taken:
        raise AlreadyExists(f"Mail for {row.domain} has a way already.") from taken
    return row


def remove(*, relay_id: int) -> None:
    """Raises NotFound."""
    if not Relay.objects.filter(pk=relay_id).delete()[0]:
        raise NotFound("This way of mail is gone.")


def domain_name(text: str) -> str:
    """`*`, or a domain as A-labels. Raises InvalidName."""
    text = text.strip().lower()
    return text if text == SMART_HOST else addresses.parse(f"x@{text}").domain


def host_name(text: str) -> str:
    """A host's name or address. Raises InvalidName."""
    text = text.strip().lower().rstrip(".")
    if not _HOST.match(text) or len(text) > 253:
        raise InvalidName(f"{text} is not the name of a host.")
    return text


def _route(row: Relay) -> net.Relay:
    try:
        password = secrets.decrypt(row.secret) if row.secret else ""
    except SecretUnreadable:
        # The smart host says that it is wrong, and mail waits; other ways go on.
        password = ""
    return net.Relay(
        row.host,
        row.port,
        protection=_PROTECTIONS[row.protection],
        username=row.username,
        password=password,
        authorities=settings.CORREIO.trusted_ca,
    )
