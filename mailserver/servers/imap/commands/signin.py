"""LOGIN and AUTHENTICATE (RFC 9051 §6.2): who somebody is, and what happens to a client that guesses."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from typing import TYPE_CHECKING

from mailserver.errors import AuthenticationFailed
from mailserver.servers import bridge
from mailserver.servers.imap import capabilities
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.reader import Ends
from mailserver.servers.imap.responses import Done, Refusal, bad
from mailserver.servers.sasl import MECHANISMS, Claim, Mechanism, PasswordClaim, SaslError, TokenClaim
from mailserver.services import login, places
from mailserver.services.login import Login

if TYPE_CHECKING:
    from mailserver.servers.imap.session import Session

logger = logging.getLogger(__name__)


async def log_in(session: Session, command: commands.Login) -> Done:
    _only_encrypted(session)
    return await _sign_in(session, PasswordClaim(command.user, command.password))


async def authenticate(session: Session, command: commands.Authenticate) -> Done:
    _only_encrypted(session)
    mechanism = MECHANISMS.get(command.mechanism.upper())
    if mechanism is None:
        raise Refusal("This way to sign in is not known here.", "CANNOT")
    try:
        claim = await _exchange(session, mechanism, command.initial)
    except SaslError as error:
        raise bad("This is not how the mechanism works.") from error
    return await _sign_in(session, claim, mechanism)


def _only_encrypted(session: Session) -> None:
    """RFC 9051 §11.1; the code is of RFC 5530."""
    if not session.connection.tls:
        raise Refusal("Sign in on an encrypted connection only.", "PRIVACYREQUIRED")


async def _exchange(session: Session, mechanism: Mechanism, initial: bytes | None) -> Claim:
    """Question and answer until the mechanism is content. Raises Refusal, SaslError."""
    exchange = mechanism.start()
    question = next(exchange)
    while True:
        answer = await _ask(session, question) if initial is None else initial
        initial = None
        try:
            question = exchange.send(answer)
        except StopIteration as end:
            claim: Claim = end.value
            return claim


async def _ask(session: Session, question: bytes) -> bytes:
    session.connection.say(b"+ ", b64encode(question), b"\r\n")
    await session.flush()
    answer = await session.reader.line()
    if answer == b"*":
        raise bad("You changed your mind.")
    try:
        return b64decode(answer, validate=True)
    except Base64Error:
        raise bad("This is not base64.") from None


async def _sign_in(session: Session, claim: Claim, mechanism: Mechanism | None = None) -> Done:
    try:
        found = await _check(claim, session.connection.peer)
    except AuthenticationFailed as error:
        await _failed(session, mechanism)
        raise Refusal("Address or password is wrong.", "AUTHENTICATIONFAILED") from error
    await _take_place(session, found)
    session.login = found
    session.reader.signed_in = True
    session.site.register.trust(session.connection)
    await session.updates.begin()
    return Done("Welcome.", f"CAPABILITY {capabilities.words(session)}")


async def _take_place(session: Session, found: Login) -> None:
    """Raises Refusal when the account has too many sessions."""
    account_id, most = found.account_id, session.site.limits.sessions_per_account
    if not await bridge.run(places.enter, account_id=account_id, place=session.place, most=most):
        raise Refusal("This account has too many connections.", "LIMIT")


async def _check(claim: Claim, peer: str) -> Login:
    if isinstance(claim, TokenClaim):
        return await bridge.run(login.redeem, token=claim.token, identity=claim.identity, purpose=login.IMAP)
    return await bridge.run_costly(
        login.authenticate, address=claim.address, password=claim.password, peer=peer, identity=claim.identity
    )


async def _failed(session: Session, mechanism: Mechanism | None) -> None:
    """Raises Ends after too many."""
    session.failed_sign_ins += 1
    logger.warning("imap %s: sign-in refused", session.connection.peer)
    if mechanism is not None and mechanism.refusal:
        await _ask(session, mechanism.refusal)
    limits = session.site.limits
    await asyncio.sleep(limits.failed_pause * session.failed_sign_ins)
    if session.failed_sign_ins >= limits.failed_sign_ins:
        session.connection.say(
            f"{session.tag} NO [AUTHENTICATIONFAILED] Address or password is wrong.\r\n".encode("ascii", "replace")
        )
        raise Ends("Too many wrong passwords.")
