"""AUTH (RFC 4954): SASL answers as lines of base64, and what happens to a client that guesses."""

from __future__ import annotations

import logging
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

from mailserver.errors import AuthenticationFailed, Unavailable
from mailserver.mail import replies
from mailserver.mail.replies import Reply
from mailserver.servers import bridge
from mailserver.servers.sasl import MECHANISMS, Claim, Mechanism, SaslError, TokenClaim
from mailserver.servers.smtp.refusal import Refusal
from mailserver.services import login
from mailserver.services.login import Login

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
        claim = await _exchange(connection, mechanism, words[1].encode() if len(words) == 2 else None)
        connection.client.login = await _check(claim, connection.client.peer)
    except (SaslError, AuthenticationFailed):
        return await _failed(connection, mechanism)
    except Unavailable:
        return replies.AUTH_UNAVAILABLE
    connection.failed_sign_ins = 0
    connection.site.register.trust(connection)
    return replies.AUTHENTICATED


def _out_of_place(connection: Connection) -> Reply | None:
    if not connection.door.signs_in:
        return replies.AUTH_NOT_OFFERED
    if not connection.client.tls:
        return replies.AUTH_NEEDS_TLS
    if connection.client.login is not None:
        return replies.AUTH_DONE_BEFORE
    return replies.AUTH_IN_TRANSACTION if connection.transaction is not None else None


async def _check(claim: Claim, peer: str) -> Login:
    if isinstance(claim, TokenClaim):
        return await bridge.run(login.redeem, token=claim.token, identity=claim.identity)
    return await bridge.run_costly(
        login.authenticate, address=claim.address, password=claim.password, peer=peer, identity=claim.identity
    )


async def _exchange(connection: Connection, mechanism: Mechanism, initial: bytes | None) -> Claim:
    """Question and answer until the mechanism is content. Raises Refusal, SaslError."""
    exchange = mechanism.start()
    question = next(exchange)
    while True:
        # RFC 4954 §4: `=` on the command line is an empty answer.
        answer = await _ask(connection, question) if initial is None else initial if initial != b"=" else b""
        initial = None
        try:
            question = exchange.send(_decoded(answer))
        except StopIteration as end:
            claim: Claim = end.value
            return claim


async def _ask(connection: Connection, question: bytes) -> bytes:
    await connection.say(replies.challenge(b64encode(question).decode("ascii")))
    answer = await connection.read_line(connection.site.limits.sign_in_line)
    if answer == b"*":
        raise Refusal(replies.AUTH_CANCELLED)
    return answer


def _decoded(answer: bytes) -> bytes:
    try:
        return b64decode(answer, validate=True)
    except Base64Error:
        raise Refusal(replies.AUTH_NOT_BASE64) from None


async def _failed(connection: Connection, mechanism: Mechanism) -> Reply:
    connection.failed_sign_ins += 1
    logger.warning("%s %s: sign-in refused", connection.door.name, connection.client.peer)
    if mechanism.refusal:
        await _ask(connection, mechanism.refusal)
    if connection.failed_sign_ins < connection.site.limits.failed_sign_ins:
        return replies.AUTH_FAILED
    await connection.say(replies.AUTH_FAILED)
    return replies.AUTH_CLOSING
