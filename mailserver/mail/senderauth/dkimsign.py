"""Signing a message with DKIM (RFC 6376 §5), and the key that others verify it with."""

from __future__ import annotations

import base64
import hashlib
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
)

from mailserver.mail.headers import Headers
from mailserver.mail.senderauth import canonical

PrivateKey = RSAPrivateKey | Ed25519PrivateKey
Kind = Literal["rsa", "ed25519"]

BITS = 2048
_LINE = 72
# What a reader sees and what makes a reply (RFC 6376 §5.4.1), as far as a message has it.
_FIELDS = (
    "from",
    "sender",
    "reply-to",
    "to",
    "cc",
    "subject",
    "date",
    "message-id",
    "in-reply-to",
    "references",
    "mime-version",
    "content-type",
    "content-transfer-encoding",
    "list-id",
    "list-unsubscribe",
    "list-unsubscribe-post",
)
# Named once more than they are there: a second one that somebody adds breaks the signature.
_SEALED = ("from", "to", "cc", "subject", "date", "reply-to")


def make_key(kind: Kind) -> bytes:
    """A new private key as PKCS #8 DER: RSA of 2,048 bits, which everybody verifies, or Ed25519 (RFC 8463)."""
    key: PrivateKey = generate_private_key(65537, BITS) if kind == "rsa" else Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def read_key(octets: bytes) -> PrivateKey:
    """A key that `make_key` made. Raises ValueError."""
    # Our own keys need no proof of their primes at each message, which takes longer than signing.
    key = load_der_private_key(octets, None, unsafe_skip_rsa_key_validation=True)
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("the key is neither RSA nor Ed25519")
    return key


def record(key: PrivateKey) -> str:
    """The TXT record that publishes the key, to be put at `selector._domainkey.domain`."""
    public = key.public_key()
    if isinstance(key, Ed25519PrivateKey):
        kind, octets = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        kind, octets = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k={kind}; p={base64.b64encode(octets).decode('ascii')}"


def sign(raw: bytes, *, domain: str, selector: str, key: PrivateKey, at: int) -> bytes:
    """The DKIM-Signature field, with its CRLF, to be put in front of a message whose lines end with CRLF.

    `domain` and `selector` are lower-case A-labels; `at` is in seconds since 1970.
    """
    headers = Headers(raw)
    present = headers.names()
    names = [name for wanted in _FIELDS for name in [wanted] * (present.count(wanted) + (wanted in _SEALED))]
    kind = "ed25519" if isinstance(key, Ed25519PrivateKey) else "rsa"
    body_hash = hashlib.sha256(canonical.body(raw[headers.end :], "relaxed")).digest()
    field = (
        f"DKIM-Signature: v=1; a={kind}-sha256; c=relaxed/relaxed; d={domain};\r\n"
        f"\ts={selector}; t={at}; h={_folded(names)};\r\n"
        f"\tbh={base64.b64encode(body_hash).decode('ascii')};\r\n\tb="
    ).encode("ascii")
    own = canonical.header_field(field, "relaxed").removesuffix(b"\r\n")
    octets = canonical.header(raw, headers.fields, names, "relaxed") + own
    value = base64.b64encode(_signature(key, octets))
    lines = [value[at : at + _LINE] for at in range(0, len(value), _LINE)]
    return field + b"\r\n\t ".join(lines) + b"\r\n"


def _signature(key: PrivateKey, octets: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        return key.sign(hashlib.sha256(octets).digest())
    return key.sign(octets, PKCS1v15(), SHA256())


def _folded(names: list[str]) -> str:
    """`from:to:…`, folded between names."""
    lines = [""]
    for name in names:
        if len(lines[-1]) + len(name) > _LINE:
            lines.append("")
        lines[-1] += f"{name}:"
    return "\r\n\t ".join(lines).removesuffix(":")
