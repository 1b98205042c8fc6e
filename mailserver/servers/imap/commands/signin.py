"""LOGIN and AUTHENTICATE (RFC 9051 §6.2): who somebody is, and what happens to a client that guesses."""

from __future__ import annotations

import asyncio
import logging
from base64 import b64encode
from functools import partial
from typing import TYPE_CHECKING

from mailserver.errors import AuthenticationFailed
from mailserver.servers import bridge
from mailserver.servers import signin as exchange
from mailserver.servers.imap import capabilities
from mailserver.servers.imap.grammar import sessioncommands as commands
from mailserver.servers.imap.reader import Ends
from mailserver.servers.imap.responses import Done, Refusal, bad
from mailserver.servers.sasl import MECHANISMS, Claim, Mechanism, PasswordClaim, SaslError
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
        claim = await _claim(session, mechanism, command.initial)
    except SaslError as error:
        raise bad("This is not how the mechanism works.") from error
    return await _sign_in(session, claim, mechanism)


def _only_encrypted(session: Session) -> None:
    """RFC 9051 §11.1; the code is of RFC 5530."""
    if not session.connection.tls:
        raise Refusal("Sign in on an encrypted connection only.", "PRIVACYREQUIRED")


async def _claim(session: Session, mechanism: Mechanism, initial: bytes | None) -> Claim:
    """Raises Refusal, SaslError."""
    first = None if initial is None else b64encode(initial) or b"="
    try:
        return await exchange.converse(mechanism, first, partial(_ask, session))
    except exchange.Cancelled:
        raise bad("You changed your mind.") from None
    except exchange.NotBase64:
        raise bad("This is not base64.") from None


async def _ask(session: Session, question: bytes) -> bytes:
    session.connection.say(b"+ ", question, b"\r\n")
    await session.flush()
    return await session.reader.line()


async def _sign_in(session: Session, claim: Claim, mechanism: Mechanism | None = None) -> Done:
    try:
        found = await exchange.identify(
            claim, peer=session.connection.peer, purpose=login.IMAP, ask=partial(_ask, session)
        )
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


async def _failed(session: Session, mechanism: Mechanism | None) -> None:
    """Raises Ends after too many."""
    session.failed_sign_ins += 1
    logger.warning("imap %s: sign-in refused", session.connection.peer)
    if mechanism is not None:
        await exchange.tell_refusal(mechanism, partial(_ask, session))
    limits = session.site.limits
    await asyncio.sleep(limits.failed_pause * session.failed_sign_ins)
    if session.failed_sign_ins >= limits.failed_sign_ins:
        session.connection.say(
            f"{session.tag} NO [AUTHENTICATIONFAILED] Address or password is wrong.\r\n".encode("ascii", "replace")
        )
        raise Ends("Too many wrong passwords.")
