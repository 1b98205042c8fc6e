"""Signing a message with DKIM (RFC 6376 §5), and the key that others verify it with."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
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
# What a reader sees and what makes a reply (RFC 6376 §5.4.1). Each is named once more than it is there: one that
# somebody adds, an empty To or a second Subject, breaks the signature.
_SEALED = (
    "from",
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
)
# The same, but only where a message has them: lists that change nothing else put theirs in.
_SEALED_IF_THERE = (
    "sender",
    "list-id",
    "list-help",
    "list-owner",
    "list-post",
    "list-archive",
    "list-subscribe",
    "list-unsubscribe",
    "list-unsubscribe-post",
)


@dataclass(frozen=True, slots=True)
class Signer:
    """A key and the label it is published under."""

    selector: str
    key: PrivateKey

    @property
    def kind(self) -> Kind:
        return kind_of(self.key)


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
    if kind_of(key) == "ed25519":
        octets = public.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        octets = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k={kind_of(key)}; p={base64.b64encode(octets).decode('ascii')}"


def kind_of(key: PrivateKey) -> Kind:
    return "ed25519" if isinstance(key, Ed25519PrivateKey) else "rsa"


def sign(raw: bytes, *, domain: str, signers: Sequence[Signer], at: int) -> bytes:
    """A DKIM-Signature field of each signer, with CRLF, to be put in front of a message whose lines end with CRLF.

    `domain` and the selectors are lower-case A-labels; `at` is in seconds since 1970. The message is brought into its
    canonical form once, however many sign. There is no l=: a body that can grow proves nothing (RFC 6376 §8.2).
    """
    if not signers:
        return b""
    headers = Headers(raw)
    present = headers.names()
    names = [name for name in _SEALED for _ in range(present.count(name) + 1)]
    names += [name for name in _SEALED_IF_THERE if name in present for _ in range(present.count(name) + 1)]
    body_hash = base64.b64encode(hashlib.sha256(canonical.body(raw[headers.end :], "relaxed")).digest()).decode("ascii")
    header = canonical.header(raw, headers.fields, names, "relaxed")
    rest = f"t={at}; h={_folded(names)};\r\n\tbh={body_hash};\r\n\tb="
    return b"".join(_field(signer, domain, rest, header) for signer in signers)


def _field(signer: Signer, domain: str, rest: str, header: bytes) -> bytes:
    """`rest` is what the fields of all signers share, `header` the canonical form of what they sign."""
    field = (
        f"DKIM-Signature: v=1; a={signer.kind}-sha256; c=relaxed/relaxed; d={domain};\r\n\ts={signer.selector}; {rest}"
    ).encode("ascii")
    own = canonical.header_field(field, "relaxed").removesuffix(b"\r\n")
    value = base64.b64encode(_signature(signer.key, header + own))
    lines = [value[at : at + _LINE] for at in range(0, len(value), _LINE)]
    return field + b"\r\n\t ".join(lines) + b"\r\n"


def _signature(key: PrivateKey, octets: bytes) -> bytes:
    if isinstance(key, Ed25519PrivateKey):
        # RFC 8463 §3: the digest is what is signed, by PureEdDSA.
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
