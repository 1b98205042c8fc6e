"""SCRAM-SHA-256 (RFC 5802, RFC 7677): what is kept of a password, and what a client proves with it.

Neither the password nor what opens an account goes over the wire, nor can it be made from what is kept here.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import b64decode, b64encode
from dataclasses import dataclass, field

from mailserver.mail.saslprep import prepared

SALT_OCTETS = 16

# RFC 5802 §7. `p=` names a channel binding, and we offer none; `y` says that the client knows that.
_FIRST = re.compile(
    r"(?P<header>[ny],(?:a=(?P<identity>[^,\0]+))?,)(?P<bare>n=(?P<name>[^,\0]+),r=(?P<nonce>[!-+\--~]+)(?:,.*)?)"
)
_FINAL = re.compile(
    r"(?P<bare>c=(?P<binding>[A-Za-z0-9+/=]+),r=(?P<nonce>[!-+\--~]+)(?:,.*)?),p=(?P<proof>[A-Za-z0-9+/]+=*)"
)
MOST_NONCE = 256


class ScramError(Exception):
    """The client's message is none of RFC 5802, or not one that may come now."""


@dataclass(frozen=True, slots=True)
class Salt:
    """What a client has to know to hash its password."""

    octets: bytes
    iterations: int


@dataclass(frozen=True, slots=True)
class Verifier:
    """What is kept: with it a proof can be checked, and none be made."""

    salt: Salt
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)

    @classmethod
    def of(cls, password: str, salt: Salt) -> Verifier:
        salted = hashlib.pbkdf2_hmac("sha256", prepared(password).encode(), salt.octets, salt.iterations)
        client_key = _hmac(salted, b"Client Key")
        return cls(salt, hashlib.sha256(client_key).digest(), _hmac(salted, b"Server Key"))

    @classmethod
    def read(cls, text: str) -> Verifier:
        """What `str()` wrote: `iterations:salt:stored key:server key`."""
        iterations, *octets = text.split(":")
        salt, stored_key, server_key = map(b64decode, octets)
        return cls(Salt(salt, int(iterations)), stored_key, server_key)

    def __str__(self) -> str:
        octets = (self.salt.octets, self.stored_key, self.server_key)
        return ":".join([str(self.salt.iterations), *(b64encode(each).decode() for each in octets)])

    def accepts(self, proof: Proof) -> bool:
        """RFC 5802 §3: the proof is the client's key, hidden by a signature of all that was said."""
        signature = _hmac(self.stored_key, proof.said)
        if len(proof.octets) != len(signature):
            return False
        client_key = bytes(a ^ b for a, b in zip(proof.octets, signature, strict=True))
        return hmac.compare_digest(hashlib.sha256(client_key).digest(), self.stored_key)

    def answer(self, proof: Proof) -> bytes:
        """The server's last word: the client sees that we know its password too."""
        return b"v=" + b64encode(_hmac(self.server_key, proof.said))


@dataclass(frozen=True, slots=True)
class Proof:
    """`said` is all that was said before it (the AuthMessage)."""

    said: bytes
    octets: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class First:
    """The client's first message: whose password it knows, and whom it wants to act as; empty means itself."""

    header: str
    bare: str
    address: str
    identity: str
    nonce: str

    @classmethod
    def read(cls, text: str) -> First:
        """Raises ScramError."""
        found = _FIRST.fullmatch(text)
        if not found or len(found["nonce"]) > MOST_NONCE:
            raise ScramError("This is no first message of SCRAM, or one that wants what we do not have.")
        return cls(
            found["header"],
            found["bare"],
            prepared(_name(found["name"])),
            _name(found["identity"] or ""),
            found["nonce"],
        )

    def reply(self, salt: Salt, nonce: str) -> str:
        """The server's first message; `nonce` is our half."""
        return f"r={self.nonce}{nonce},s={b64encode(salt.octets).decode()},i={salt.iterations}"

    def proof(self, reply: str, final: str) -> Proof:
        """What the client's last message proves after `reply`. Raises ScramError."""
        found = _FINAL.fullmatch(final)
        if not found:
            raise ScramError("This is no last message of SCRAM.")
        nonce = reply.partition(",")[0].removeprefix("r=")
        binding = b64encode(self.header.encode()).decode()
        if found["binding"] != binding or not hmac.compare_digest(found["nonce"], nonce):
            raise ScramError("This is the end of another conversation.")
        try:
            octets = b64decode(found["proof"], validate=True)
        except ValueError:
            raise ScramError("The proof is not base64.") from None
        return Proof(f"{self.bare},{reply},{found['bare']}".encode(), octets)


def _name(written: str) -> str:
    """RFC 5802 §5.1: a comma and an equals sign are written =2C and =3D; nothing else is. Raises ScramError."""
    if re.search(r"=(?!2C|3D)", written):
        raise ScramError("An equals sign in a name is written =3D.")
    return written.replace("=2C", ",").replace("=3D", "=")


def _hmac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")
