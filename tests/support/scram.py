"""The client's side of SCRAM-SHA-256, as RFC 5802 §3 writes it down."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64decode, b64encode

NONCE = "fyko+d2lbbFgONRv9qkxdawL"


class ScramClient:
    """`first()`, then `final(…)` of the server's first message, then `believes(…)` its last. All of them base64."""

    def __init__(self, address: str, password: str, *, header: str = "n,,", nonce: str = NONCE) -> None:
        self._password, self._header = password, header
        self._bare = f"n={address.replace('=', '=3D').replace(',', '=2C')},r={nonce}"
        self._signature = b""

    def first(self) -> str:
        return b64encode(f"{self._header}{self._bare}".encode()).decode()

    def final(self, challenge: bytes | str, *, nonce: str = "", binding: str = "") -> str:
        """`nonce` and `binding` in place of the right ones."""
        reply = b64decode(challenge).decode()
        said = dict(part.split("=", 1) for part in reply.split(","))
        salted = hashlib.pbkdf2_hmac("sha256", self._password.encode(), b64decode(said["s"]), int(said["i"]))
        channel = b64encode((binding or self._header).encode()).decode()
        bare = f"c={channel},r={nonce or said['r']}"
        message = f"{self._bare},{reply},{bare}".encode()
        key = hmac.digest(salted, b"Client Key", "sha256")
        hidden = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
        proof = bytes(a ^ b for a, b in zip(key, hidden, strict=True))
        self._signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
        return b64encode(f"{bare},p={b64encode(proof).decode()}".encode()).decode()

    def believes(self, challenge: bytes | str) -> bool:
        return b64decode(challenge) == b"v=" + b64encode(self._signature)
