"""The ways to sign in (RFC 4422), the same for SMTP, IMAP and POP3.

Each mechanism is a generator: it yields a challenge, is sent the client's answer, and returns what the client
claims to be. Base64 and line forms belong to the protocol, the check of the claim to `services.login`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mailserver.mail.scram import First, Proof, ScramError


class SaslError(Exception):
    """The client's answer does not have the form of the mechanism."""


@dataclass(frozen=True, slots=True)
class PasswordClaim:
    """`address` with its password. `identity` is whom the client wants to act as; empty means itself."""

    address: str
    password: str = field(repr=False)
    identity: str = ""


@dataclass(frozen=True, slots=True)
class TokenClaim:
    """A bearer token (RFC 6750); `identity` is the address that the client says it belongs to, or empty."""

    token: str = field(repr=False)
    identity: str = ""


@dataclass(frozen=True, slots=True)
class ProofClaim:
    """A proof that the client knows the password of `address` (RFC 5802)."""

    address: str
    proof: Proof
    identity: str = ""


Claim = PasswordClaim | TokenClaim | ProofClaim
# `First` only begins: to go on with it takes the salt of an account, which is asked for in `servers.signin`.
Exchange = Generator[bytes, bytes, Claim | First]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """`refusal` is the challenge that tells of a refused claim before the final error, if the mechanism has one."""

    name: str
    start: Callable[[], Exchange]
    refusal: bytes = b""


def _plain() -> Exchange:
    """RFC 4616: authorization identity NUL authentication identity NUL password."""
    answer = yield b""
    identity, separator, rest = _text(answer).partition("\0")
    address, second, password = rest.partition("\0")
    if not separator or not second or not address or not password or "\0" in password:
        raise SaslError("PLAIN wants identity NUL address NUL password")
    return PasswordClaim(address, password, identity)


def _login() -> Exchange:
    """The old form that Outlook still uses (draft-murchison-sasl-login)."""
    address = _text((yield b"Username:"))
    password = _text((yield b"Password:"))
    if not address or not password or "\0" in address + password:
        raise SaslError("LOGIN wants an address and a password")
    return PasswordClaim(address, password)


def _oauthbearer() -> Exchange:
    """RFC 7628 §3.1: `n,a=alice@crepes.fr,` ^A `auth=Bearer token` ^A ^A."""
    answer = _text((yield b""))
    header, *pairs = answer.split("\x01")
    found = re.fullmatch(r"[ny],(?:a=([^,]*))?,", header)
    if not found or pairs[-2:] != ["", ""]:
        raise SaslError("OAUTHBEARER wants a GS2 header and key/value pairs")
    # RFC 5801 §4: a comma and an equals sign are written =2C and =3D inside the identity.
    identity = (found[1] or "").replace("=2C", ",").replace("=3D", "=")
    return TokenClaim(_bearer(pairs), identity)


def _xoauth2() -> Exchange:
    """Google's form before RFC 7628: `user=alice@crepes.fr` ^A `auth=Bearer token` ^A ^A."""
    answer = _text((yield b""))
    user, *pairs = answer.split("\x01")
    if not user.startswith("user=") or pairs[-2:] != ["", ""]:
        raise SaslError("XOAUTH2 wants user= and auth=")
    return TokenClaim(_bearer(pairs), user.removeprefix("user="))


def _scram() -> Exchange:
    """RFC 5802 §5, RFC 7677: the client speaks first."""
    answer = _text((yield b""))
    try:
        return First.read(answer)
    except ScramError as error:
        raise SaslError(str(error)) from error


def _bearer(pairs: list[str]) -> str:
    for pair in pairs:
        key, _, value = pair.partition("=")
        scheme, _, token = value.partition(" ")
        if key == "auth" and scheme.lower() == "bearer" and token.strip():
            return token.strip()
    raise SaslError("no bearer token")


def _text(answer: bytes) -> str:
    try:
        return answer.decode("utf-8")
    except UnicodeDecodeError as error:
        raise SaslError("the answer is not UTF-8") from error


# RFC 7628 §3.2.2: the error is told as JSON, and the client sends an empty answer before the final reply.
_TOKEN_REFUSED = b'{"status":"invalid_token","scope":"mail"}'

MECHANISMS: Mapping[str, Mechanism] = MappingProxyType(
    {
        mechanism.name: mechanism
        for mechanism in (
            Mechanism("SCRAM-SHA-256", _scram),
            Mechanism("PLAIN", _plain),
            Mechanism("LOGIN", _login),
            Mechanism("OAUTHBEARER", _oauthbearer, _TOKEN_REFUSED),
            Mechanism("XOAUTH2", _xoauth2, _TOKEN_REFUSED),
        )
    }
)
