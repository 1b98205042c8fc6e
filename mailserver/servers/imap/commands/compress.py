from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.imap import capabilities
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.responses import Done, Refusal

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session


async def compress(session: Session, command: commands.Compress) -> Done:
    """RFC 4978. The tagged OK is the last octet in clear."""
    if command.mechanism.upper() != "DEFLATE":
        raise Refusal("Only DEFLATE is known here.", "CANNOT")
    if session.connection.is_compressed:
        raise Refusal("This connection is compressed already.", "COMPRESSIONACTIVE")
    if not capabilities.may_compress(session):
        raise Refusal("There are too many compressed connections for the moment.", "LIMIT")
    session.after_answer = session.connection.compress
    return Done("From now on deflated.")
