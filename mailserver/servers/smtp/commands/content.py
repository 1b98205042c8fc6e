from __future__ import annotations

from typing import TYPE_CHECKING

from mailserver.mail import replies, trace
from mailserver.mail.replies import Reply
from mailserver.servers.smtp import data as reader

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection


async def data(connection: Connection, argument: str) -> Reply:
    """RFC 5321 §4.1.1.4. Whatever becomes of the content, the transaction is over then."""
    transaction = connection.transaction
    if transaction is None:
        return replies.MAIL_FIRST
    if not transaction.recipients:
        return replies.NO_VALID_RECIPIENTS if transaction.refused else replies.RCPT_FIRST
    await connection.say(replies.START_DATA)
    connection.transaction = None
    site = connection.site
    content = await reader.read(connection.input, size_limit=site.size_limit, limits=site.limits)
    if trace.count_received(reader.header(content)) > site.limits.hops:
        return replies.TOO_MANY_HOPS
    reply = await connection.door.message(connection.client, transaction, content)
    if reply.positive:
        connection.message_done()
    return reply
