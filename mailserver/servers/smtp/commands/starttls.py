from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.mail import replies
from mailserver.mail.replies import Reply

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection


async def starttls(connection: Connection, argument: str) -> Reply | None:
    """RFC 3207. The 220 goes out before the handshake, and nothing after it."""
    if connection.client.tls:
        return replies.ALREADY_ENCRYPTED
    context = connection.site.tls()
    if context is None:
        return replies.NOT_IMPLEMENTED
    await connection.start_tls(context)
    return None
