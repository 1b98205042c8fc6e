"""DELE, RSET and NOOP (RFC 1939 §5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.commands.numbers import numbers
from mailserver.servers.pop3.replies import Reply

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection


async def dele(connection: Connection, argument: str) -> Reply:
    (number,) = numbers(argument, 1, 1)
    connection.session.message(number)
    connection.session.deleted.add(number)
    return replies.MARKED


async def rset(connection: Connection, argument: str) -> Reply:
    connection.session.deleted.clear()
    return replies.RESTORED


async def noop(connection: Connection, argument: str) -> Reply:
    return replies.OK
