"""Keys for signing in tests, made once."""

from __future__ import annotations

import base64
from functools import cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa


@cache
def private(bits: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, bits)


@cache
def pem(bits: int = 2048) -> bytes:
    """The private key as dkimpy wants it."""
    return private(bits).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )


def _written(key: rsa.RSAPublicKey) -> bytes:
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return b"v=DKIM1; k=rsa; p=" + base64.b64encode(der)


@cache
def record(bits: int = 2048) -> bytes:
    """The TXT record of the public key."""
    return _written(private(bits).public_key())


def short_record() -> bytes:
    """A public key of 768 bits; cryptography makes no private one that short."""
    return _written(rsa.RSAPublicNumbers(65537, (1 << 767) + 12345).public_key())


@cache
def ed25519_private() -> ed25519.Ed25519PrivateKey:
    return ed25519.Ed25519PrivateKey.generate()


def ed25519_record() -> bytes:
    return b"v=DKIM1; k=ed25519; p=" + base64.b64encode(ed25519_private().public_key().public_bytes_raw())
