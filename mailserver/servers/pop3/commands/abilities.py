"""CAPA (RFC 2449) and UTF8 (RFC 6856)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.replies import Reply
from mailserver.servers.pop3.session import State
from mailserver.servers.sasl import MECHANISMS

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection

ALWAYS = ("TOP", "UIDL", "PIPELINING", "RESP-CODES", "AUTH-RESP-CODE", "EXPIRE NEVER", "UTF8 USER")


async def capa(connection: Connection, argument: str) -> None:
    """What may be done now: ways to sign in only where they are taken, and no version for strangers."""
    lines = [*ALWAYS, "IMPLEMENTATION Correio"]
    if connection.tls:
        lines += ["USER", f"SASL {' '.join(MECHANISMS)}"]
    elif connection.session.state is State.AUTHORIZATION and connection.site.tls() is not None:
        lines.append("STLS")
    text = "".join(f"{line}\r\n" for line in lines)
    await connection.write(bytes(replies.CAPABILITIES) + text.encode("ascii") + b".\r\n")


async def utf8(connection: Connection, argument: str) -> Reply:
    """Names and passwords are UTF-8 anyway. Messages are sent as they are from now on, not in ASCII headers."""
    connection.session.utf8 = True
    return replies.UTF8_ON
