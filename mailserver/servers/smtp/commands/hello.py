from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailserver.mail import futurerelease, replies
from mailserver.mail.replies import Reply
from mailserver.servers.sasl import MECHANISMS

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection

# RFC 5321 §4.1.4: mail must not be refused because the name is wrong, so any word is taken; only a name that is safe
# to repeat is repeated.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9._:\[\]-]{1,255}")


async def helo(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.1: forgets a message under way."""
    return _greeted(connection, argument, extended=False)


async def ehlo(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.1: the same, and tells what we can."""
    return _greeted(connection, argument, extended=True)


def _greeted(connection: Connection, name: str, *, extended: bool) -> Reply:
    if not name or len(name) > 255 or not name.isprintable() or " " in name:
        return replies.HELLO_SYNTAX
    connection.transaction = None
    connection.client.helo, connection.client.extended = name, extended
    shown = name if _PLAIN_NAME.fullmatch(name) else "client"
    return replies.hello(connection.site.hostname, shown, _keywords(connection) if extended else ())


def _keywords(connection: Connection) -> list[str]:
    words = ["PIPELINING", f"SIZE {connection.site.size_limit}", "8BITMIME", "SMTPUTF8", "ENHANCEDSTATUSCODES", "DSN"]
    if not connection.client.tls and connection.site.tls():
        words.append("STARTTLS")
    if connection.client.tls:
        words.append("REQUIRETLS")  # RFC 8689 §2: offered under TLS only
    if connection.client.tls and connection.door.signs_in:
        words += [f"AUTH {' '.join(MECHANISMS)}", futurerelease.keyword(datetime.now(UTC))]
    return [*words, "HELP"]
