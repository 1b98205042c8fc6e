"""A configuration profile of Apple's, with which Mail on iOS and macOS asks for nothing but the password."""

from __future__ import annotations

import plistlib
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from mailserver.services import programs
from mailserver.services.programs import Server


def is_possible() -> bool:
    """Whether we offer a door to read by and one to send by."""
    return _doors() is not None


def profile(address: str, name: str) -> bytes | None:
    """The profile for an account as a property list, without its password; None when it is not possible.

    Its UUIDs belong to the address, so that a later one takes the place of an earlier.
    """
    if (doors := _doors()) is None:
        return None
    domain = address.rpartition("@")[2]
    here = f"Mail of {address}"
    mail = {**_payload(address, "com.apple.mail.managed"), **_account(address, name, *doors)}
    whole = {
        **_payload(address, "Configuration"),
        "PayloadContent": [{**mail, "PayloadDisplayName": here}],
        "PayloadDisplayName": here,
        "PayloadDescription": "Sets up Mail to read and send. You are asked for your password.",
        "PayloadOrganization": domain,
        "PayloadRemovalDisallowed": False,
    }
    return plistlib.dumps(whole)


def _doors() -> tuple[Server, Server] | None:
    incoming, outgoing = programs.best("imap", "pop3"), programs.best("smtp")
    return (incoming, outgoing) if incoming and outgoing else None


def _payload(address: str, kind: str) -> dict[str, Any]:
    number = uuid5(NAMESPACE_URL, f"mailto:{address}#{kind}")
    reversed_domain = ".".join(reversed(address.rpartition("@")[2].split(".")))
    return {
        "PayloadType": kind,
        "PayloadVersion": 1,
        "PayloadIdentifier": f"{reversed_domain}.mail.{number}",
        "PayloadUUID": str(number).upper(),
    }


def _account(address: str, name: str, incoming: Server, outgoing: Server) -> dict[str, Any]:
    """`UseSSL` also means STARTTLS, at ports that begin in clear."""
    return {
        "EmailAccountDescription": address,
        "EmailAccountName": "".join(filter(str.isprintable, name)),  # XML has no control characters
        "EmailAccountType": "EmailTypeIMAP" if incoming.protocol == "imap" else "EmailTypePOP",
        "EmailAddress": address,
        **_server("Incoming", address, incoming),
        **_server("Outgoing", address, outgoing),
        "OutgoingPasswordSameAsIncomingPassword": True,
    }


def _server(way: str, address: str, server: Server) -> dict[str, Any]:
    return {
        f"{way}MailServerAuthentication": "EmailAuthPassword",
        f"{way}MailServerHostName": server.host,
        f"{way}MailServerPortNumber": server.port,
        f"{way}MailServerUseSSL": True,
        f"{way}MailServerUsername": address,
    }
