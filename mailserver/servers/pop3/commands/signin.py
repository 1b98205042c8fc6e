"""USER and PASS (RFC 1939 §7), AUTH (RFC 5034), and what happens to a client that guesses."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING

from mailserver.errors import AuthenticationFailed, NotPermitted
from mailserver.servers import bridge
from mailserver.servers import signin as exchange
from mailserver.servers.pop3 import replies
from mailserver.servers.pop3.refusal import Refusal
from mailserver.servers.pop3.replies import Reply
from mailserver.servers.sasl import MECHANISMS, Claim, Mechanism, PasswordClaim, SaslError
from mailserver.services import login, maildrop

if TYPE_CHECKING:
    from mailserver.servers.pop3.protocol import Connection

logger = logging.getLogger(__name__)


async def user(connection: Connection, argument: str) -> Reply:
    """Every name is taken, so that nobody can ask who is here."""
    name = argument.strip(" ")
    if not connection.tls:
        return replies.TLS_FIRST
    if not name:
        return replies.SYNTAX
    connection.session.user = name
    return replies.PASSWORD_WANTED


async def password(connection: Connection, argument: str) -> Reply:
    """All that follows the first space is the password, spaces too."""
    name, connection.session.user = connection.session.user, ""
    if not connection.tls:
        return replies.TLS_FIRST
    if not name:
        return replies.USER_FIRST
    try:
        return await _begin(connection, PasswordClaim(name, argument))
    except AuthenticationFailed:
        return await _refused(connection, replies.AUTH_FAILED)


async def auth(connection: Connection, argument: str) -> Reply:
    if not connection.tls:
        return replies.TLS_FIRST
    words = argument.split()
    if not 0 < len(words) <= 2:
        return replies.SYNTAX
    mechanism = MECHANISMS.get(words[0].upper())
    if mechanism is None:
        return replies.UNKNOWN_MECHANISM
    try:
        return await _begin(connection, await _claim(connection, mechanism, words[1:]))
    except (SaslError, AuthenticationFailed):
        await exchange.tell_refusal(mechanism, partial(_ask, connection))
        return await _refused(connection, replies.AUTH_FAILED)


async def _claim(connection: Connection, mechanism: Mechanism, initial: list[str]) -> Claim:
    try:
        return await exchange.converse(mechanism, initial[0].encode() if initial else None, partial(_ask, connection))
    except exchange.Cancelled:
        raise Refusal(replies.CANCELLED) from None
    except exchange.NotBase64:
        raise Refusal(replies.NOT_BASE64) from None


async def _ask(connection: Connection, question: bytes) -> bytes:
    await connection.write(b"+ " + question + b"\r\n")
    return await connection.read_line(connection.site.limits.sign_in_line)


async def _begin(connection: Connection, claim: Claim) -> Reply:
    """From the claim to the maildrop. Raises AuthenticationFailed, TooManyAttempts, MaildropInUse, Unavailable."""
    found = await exchange.identify(claim, peer=connection.peer, purpose=login.MAILDROP, ask=partial(_ask, connection))
    try:
        drop = await bridge.run(maildrop.open_for, account_id=found.account_id, utf8=connection.session.utf8)
    except NotPermitted:
        return await _refused(connection, replies.SWITCHED_OFF)
    connection.begin(drop, found)
    logger.info("pop3 %s: account %d signed in, %d messages", connection.peer, found.account_id, len(drop))
    return replies.signed_in(*connection.session.totals())


async def _refused(connection: Connection, reply: Reply) -> Reply:
    """Each failure on a connection costs more time than the one before, and the last one ends it."""
    session, limits = connection.session, connection.site.limits
    session.failed_sign_ins += 1
    logger.warning("pop3 %s: sign-in refused", connection.peer)
    await asyncio.sleep(session.failed_sign_ins * limits.failure_delay)
    return reply if session.failed_sign_ins < limits.failed_sign_ins else reply.closing()
