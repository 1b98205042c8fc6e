from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.mail import replies
from mailserver.mail.replies import Reply

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection


async def rset(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.5."""
    connection.transaction = None
    return replies.OK


async def noop(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.9."""
    return replies.OK


async def vrfy(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §7.3: the same for known and unknown names, so that nobody can ask who is here."""
    return replies.CANNOT_VERIFY if argument else replies.VRFY_SYNTAX


async def expn(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §7.3: lists are not told."""
    return replies.NOT_IMPLEMENTED


async def help_text(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.8."""
    return replies.HELP


async def quit_session(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.10."""
    return replies.BYE
