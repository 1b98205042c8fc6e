from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.replies import Reply
from mailserver.servers.pop3.session import Session

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection


async def stls(connection: Connection, argument: str) -> Reply | None:
    """RFC 2595 §4. The +OK goes out before the handshake, and all that was said before it is forgotten."""
    if connection.tls:
        return replies.ALREADY_ENCRYPTED
    context = connection.site.tls()
    if context is None:
        return replies.TLS_NOT_AVAILABLE
    await connection.begin_tls(context, bytes(replies.START_TLS), connection.site.limits.handshake)
    connection.session = Session()
    return None
