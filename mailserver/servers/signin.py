"""Signing in as all listeners do it: a SASL exchange in lines of base64, and who the claim belongs to."""

from __future__ import annotations

import secrets
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable

from mailserver.errors import AuthenticationFailed
from mailserver.mail.scram import First, ScramError
from mailserver.servers import bridge
from mailserver.servers.sasl import Claim, Mechanism, PasswordClaim, ProofClaim, SaslError, TokenClaim
from mailserver.services import login
from mailserver.services.login import Login


class Cancelled(Exception):
    """The client answered `*`."""


class NotBase64(Exception):
    """An answer is not base64."""


# Sends a question in base64 and gives the line that answers it.
Ask = Callable[[bytes], Awaitable[bytes]]


async def converse(mechanism: Mechanism, initial: bytes | None, ask: Ask) -> Claim:
    """Question and answer until the mechanism is content; `initial` is the answer that came with the command.

    Raises Cancelled, NotBase64, SaslError.
    """
    exchange = mechanism.start()
    question = next(exchange)
    while True:
        # RFC 4954 §4, RFC 5034 §4: `=` on the command line is an empty answer.
        answer = await _answer(ask, question) if initial is None else initial if initial != b"=" else b""
        initial = None
        try:
            question = exchange.send(_decoded(answer))
        except StopIteration as end:
            claim: Claim | First = end.value
            return await _prove(claim, ask) if isinstance(claim, First) else claim


async def _prove(first: First, ask: Ask) -> ProofClaim:
    """The rest of SCRAM: the salt for the client, and what it proves with it (RFC 5802 §3)."""
    salt = await bridge.run(login.salt, address=first.address)
    reply = first.reply(salt, secrets.token_urlsafe(18))
    final = _decoded(await _answer(ask, reply.encode()))
    try:
        return ProofClaim(first.address, first.proof(reply, final.decode("utf-8", "replace")), first.identity)
    except ScramError as error:
        raise SaslError(str(error)) from error


async def tell_refusal(mechanism: Mechanism, ask: Ask) -> None:
    """The last question of a mechanism that tells of a refused claim in one; any answer will do."""
    if mechanism.refusal:
        await ask(b64encode(mechanism.refusal))


async def identify(claim: Claim, *, peer: str, purpose: str, ask: Ask) -> Login:
    """Whose claim it is; `purpose` is what a token must be for. Raises AuthenticationFailed, TooManyAttempts."""
    if isinstance(claim, TokenClaim):
        return await bridge.run(login.redeem, token=claim.token, identity=claim.identity, purpose=purpose)
    if isinstance(claim, PasswordClaim):
        return await bridge.run_costly(
            login.authenticate, address=claim.address, password=claim.password, peer=peer, identity=claim.identity
        )
    found, proof = await bridge.run(
        login.authenticate_by_proof, address=claim.address, proof=claim.proof, peer=peer, identity=claim.identity
    )
    # None of the protocols has room for it in the last reply, so it is a question whose answer is empty (RFC 4422 §5).
    if await ask(b64encode(proof)):
        raise AuthenticationFailed("The client does not believe that this is its server.")
    return found


async def _answer(ask: Ask, question: bytes) -> bytes:
    answer = await ask(b64encode(question))
    if answer == b"*":
        raise Cancelled
    return answer


def _decoded(answer: bytes) -> bytes:
    try:
        return b64decode(answer, validate=True)
    except Base64Error:
        raise NotBase64 from None
