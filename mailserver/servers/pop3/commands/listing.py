"""STAT, LIST and UIDL (RFC 1939 §5, §7)."""

from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING

from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.commands.numbers import numbers
from mailserver.servers.pop3.replies import Reply

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection

# At a time, so that a long list is neither in memory nor keeps the others waiting.
LINES = 1000


async def stat(connection: Connection, argument: str) -> Reply:
    return replies.totals(*connection.session.totals())


async def sizes(connection: Connection, argument: str) -> Reply | None:
    session = connection.session
    for number in numbers(argument, 0, 1):
        return replies.about(number, session.size(number))
    await _list(connection, replies.listing(*session.totals()), session.size)
    return None


async def unique_ids(connection: Connection, argument: str) -> Reply | None:
    session = connection.session
    for number in numbers(argument, 0, 1):
        return replies.about(number, session.unique_id(number))
    await _list(connection, replies.UNIQUE_IDS, session.unique_id)
    return None


async def _list(connection: Connection, first: Reply, value: Callable[[int], int | str]) -> None:
    await connection.say(first)
    found = connection.session.numbers()
    while some := list(islice(found, LINES)):
        await connection.write("".join(f"{number} {value(number)}\r\n" for number in some).encode("ascii"))
    await connection.write(b".\r\n")
