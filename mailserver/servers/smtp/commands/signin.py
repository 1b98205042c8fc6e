"""AUTH (RFC 4954): SASL answers as lines of base64, and what happens to a client that guesses."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING

from mailserver.errors import AuthenticationFailed, Unavailable
from mailserver.mail import replies
from mailserver.mail.replies import Reply
from mailserver.servers import signin
from mailserver.servers.sasl import MECHANISMS, Mechanism, SaslError
from mailserver.services import login

if TYPE_CHECKING:
    from mailserver.servers.smtp.protocol import Connection

logger = logging.getLogger(__name__)


async def auth(connection: Connection, argument: str) -> Reply:
    refused = _out_of_place(connection)
    if refused:
        return refused
    words = argument.split()
    if not 0 < len(words) <= 2:
        return replies.AUTH_SYNTAX
    mechanism = MECHANISMS.get(words[0].upper())
    if mechanism is None:
        return replies.AUTH_UNKNOWN_MECHANISM
    try:
        initial = words[1].encode() if len(words) == 2 else None
        ask = partial(_ask, connection)
        claim = await signin.converse(mechanism, initial, ask)
        found = await signin.identify(claim, peer=connection.client.peer, purpose=login.SUBMISSION, ask=ask)
    except signin.Cancelled:
        return replies.AUTH_CANCELLED
    except signin.NotBase64:
        return replies.AUTH_NOT_BASE64
    except (SaslError, AuthenticationFailed):
        return await _failed(connection, mechanism)
    except Unavailable:
        return replies.AUTH_UNAVAILABLE
    if not await connection.site.register.sign_in(connection, found.account_id):
        return replies.TOO_MANY_CONNECTIONS
    connection.failed_sign_ins = 0
    connection.client.login = found
    return replies.AUTHENTICATED


def _out_of_place(connection: Connection) -> Reply | None:
    if not connection.door.signs_in:
        return replies.AUTH_NOT_OFFERED
    if not connection.client.tls:
        return replies.AUTH_NEEDS_TLS
    if connection.client.login is not None:
        return replies.AUTH_DONE_BEFORE
    return replies.AUTH_IN_TRANSACTION if connection.transaction is not None else None


async def _ask(connection: Connection, question: bytes) -> bytes:
    await connection.say(replies.challenge(question.decode("ascii")))
    return await connection.read_line(connection.site.limits.sign_in_line)


async def _failed(connection: Connection, mechanism: Mechanism) -> Reply:
    connection.failed_sign_ins += 1
    logger.warning("%s %s: sign-in refused", connection.door.name, connection.client.peer)
    await signin.tell_refusal(mechanism, partial(_ask, connection))
    if connection.failed_sign_ins < connection.site.limits.failed_sign_ins:
        return replies.AUTH_FAILED
    await connection.say(replies.AUTH_FAILED)
    return replies.AUTH_CLOSING
