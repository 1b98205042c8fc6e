from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.responses import Done, bad

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def start_tls(session: Session, command: commands.StartTls) -> Done:
    """RFC 9051 §6.2.1. The tagged OK goes out before the handshake, and nothing after it."""
    if session.connection.tls:
        raise bad("This connection is encrypted already.")
    context = session.site.tls()
    if context is None:
        raise bad("There is no certificate.")
    await session.connection.start_tls(context, f"{session.tag} OK Begin TLS now.\r\n".encode("ascii"))
    session.restart()
    return Done("")
