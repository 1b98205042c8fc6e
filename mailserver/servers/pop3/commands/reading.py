"""RETR and TOP (RFC 1939 §5, §7): messages, slice by slice."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mailserver.mail.dotstuffing import Stuffing, Top
from mailserver.servers import bridge
from mailserver.servers.lines import EndOfStream
from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.commands.numbers import numbers
from mailserver.servers.pop3.replies import Reply
from mailserver.services import maildrop
from mailserver.services.maildrop import Piece

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection

logger = logging.getLogger(__name__)


async def retr(connection: Connection, argument: str) -> None:
    """The whole message; QUIT will mark it as read."""
    (number,) = numbers(argument, 1, 1)
    await _send(connection, number, replies.message_follows(connection.session.size(number)), None)
    connection.session.read.add(number)


async def top(connection: Connection, argument: str) -> None:
    """The header and some lines of the body. Nobody has read the message by that."""
    number, lines = numbers(argument, 2, 2)
    await _send(connection, number, replies.LINES_FOLLOW, Top(lines))


async def _send(connection: Connection, number: int, reply: Reply, top: Top | None) -> None:
    """What goes wrong before the first octet is told; later only hanging up says that something is missing."""
    size, stuffing = connection.session.size(number), Stuffing()
    piece, sent, begun = await _first(connection, number), 0, bytes(reply)
    while True:
        sent += len(piece.octets)
        octets = top.feed(piece.octets) if top else piece.octets
        await connection.write(begun + stuffing.feed(octets))
        begun = b""
        if sent >= size or piece.last or (top and top.done):
            break
        piece = await _next(connection, piece)
    await connection.write(stuffing.end())


async def _first(connection: Connection, number: int) -> Piece:
    drop = connection.session.drop
    message_id = drop.message_ids[connection.session.message(number)]
    surrogate = message_id in drop.surrogates
    return await bridge.run(
        maildrop.first_piece, account_id=drop.account_id, message_id=message_id, surrogate=surrogate
    )


async def _next(connection: Connection, piece: Piece) -> Piece:
    try:
        return await bridge.run(maildrop.next_piece, blob_id=piece.blob_id, start=piece.end, patch=piece.patch)
    except Exception as error:
        logger.error("pop3 %s: a message broke off", connection.peer, exc_info=error)
        connection.transport.abort()
        raise EndOfStream from error
