"""QUIT (RFC 1939 §4, §6): the only command that changes anything."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mailserver.errors import MaildropInUse
from mailserver.servers import bridge
from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.errors import reply_to
from mailserver.servers.pop3.replies import Reply
from mailserver.services import maildrop

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection

logger = logging.getLogger(__name__)


async def quit_session(connection: Connection, argument: str) -> Reply:
    """Whatever comes of it, the session is over; what could not be deleted is there the next time."""
    session = connection.session
    drop = session.maildrop
    if drop is None:
        return replies.BYE
    deleted, read = session.uids(session.deleted), session.uids(session.read)
    try:
        count = await bridge.run(maildrop.finish, drop=drop, deleted=deleted, seen=read)
    except MaildropInUse:
        return replies.LEASE_LOST
    except Exception as error:
        return replies.NOT_FINISHED if reply_to(error) is replies.TRY_LATER else reply_to(error).closing()
    connection.finished()
    logger.info("pop3 %s: account %d read %d, deleted %d", connection.peer, drop.account_id, len(read), count)
    return replies.BYE
