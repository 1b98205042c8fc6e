from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING

from mailserver.mail import replies, trace
from mailserver.mail.replies import Reply
from mailserver.servers.smtp import data as reader

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection
    from mailserver.servers.smtp.session import Transaction

_AT_ONCE = nullcontext()


async def data(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.4. Whatever becomes of the content, the transaction is over then."""
    transaction = connection.transaction
    if transaction is None:
        return replies.MAIL_FIRST
    if not transaction.recipients:
        return replies.NO_VALID_RECIPIENTS if transaction.refused else replies.RCPT_FIRST
    await connection.say(replies.START_DATA)
    connection.transaction = None
    connection.concerns = transaction.return_path, str(transaction.recipients[0])
    site = connection.site
    with reader.Content(site.size_limit, site.folder) as content:
        await reader.read(connection.input, content, limits=site.limits)
        async with site.turns if content.size > site.limits.large else _AT_ONCE:
            reply = await _take(connection, transaction, content.take())
    if reply.positive:
        connection.message_done()
    return reply


async def _take(connection: Connection, transaction: Transaction, content: bytes) -> Reply:
    if trace.count_received(reader.header(content)) > connection.site.limits.hops:
        return replies.TOO_MANY_HOPS
    return await connection.door.message(connection.client, transaction, content)
