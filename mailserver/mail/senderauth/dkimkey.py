"""Public keys of DKIM as TXT records (RFC 6376 §3.6.1, RFC 8463 §4)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256, Hash
from cryptography.hazmat.primitives.serialization import load_der_public_key

from mailserver.mail.senderauth import taglist
from mailserver.mail.senderauth.taglist import BadTags

# RFC 8301 §3.2 asks verifiers for 1,024 at least and 4,096; larger ones only cost time.
MIN_BITS, MAX_BITS = 1024, 8192
_MAX_RECORDS = 5


class BadKey(Exception):
    """No signature can pass with this key; the message is fixed text. `weak`: it is a key, but not safe."""

    def __init__(self, reason: str, *, weak: bool = False) -> None:
        super().__init__(reason)
        self.weak = weak


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a domain. `strict`: i= must be d= itself (t=s)."""

    public: RSAPublicKey | Ed25519PublicKey
    strict: bool

    def check(self, algorithm: str) -> None:
        """Raises BadKey when `algorithm` (`rsa-sha256`, `ed25519-sha256`) needs a key of another kind."""
        if isinstance(self.public, RSAPublicKey) != algorithm.startswith("rsa-"):
            raise BadKey("key is for another algorithm")

    def verify(self, signature: bytes, octets: bytes) -> None:
        """Raises cryptography's InvalidSignature."""
        if isinstance(self.public, RSAPublicKey):
            self.public.verify(signature, octets, PKCS1v15(), SHA256())
            return
        digest = Hash(SHA256())
        digest.update(octets)
        self.public.verify(signature, digest.finalize())


def read(records: Sequence[bytes]) -> Key:
    """The key in the TXT records of a name: of several the first that looks like one. Raises BadKey."""
    if not records:
        raise BadKey("no key")
    for record in records[:_MAX_RECORDS]:
        try:
            tags = taglist.parse(record)
        except BadTags:
            continue
        if "p" in tags:
            return _key(tags)
    raise BadKey("record is no key")


def _key(tags: dict[str, str]) -> Key:
    if "v" in tags and (next(iter(tags)) != "v" or tags["v"] != "DKIM1"):
        raise BadKey("unknown version of key")
    if not {"*", "email"} & _listed(tags, "s", "*"):
        raise BadKey("key is not for mail")
    if "sha256" not in _listed(tags, "h", "sha256"):
        raise BadKey("key does not allow sha256")
    text = taglist.without_space(tags["p"])
    if not text:
        raise BadKey("key was revoked")
    try:
        octets = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadKey("key is not base64") from None
    kind = tags.get("k", "rsa").lower()
    if kind not in ("rsa", "ed25519"):
        raise BadKey("unknown kind of key")
    public = _rsa(octets) if kind == "rsa" else _ed25519(octets)
    return Key(public, "s" in _listed(tags, "t", ""))


def _rsa(octets: bytes) -> RSAPublicKey:
    try:
        found = load_der_public_key(octets)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise BadKey("key cannot be read") from None
    if not isinstance(found, RSAPublicKey):
        raise BadKey("key is not RSA")
    if not MIN_BITS <= found.key_size <= MAX_BITS:
        raise BadKey(f"key of {found.key_size} bits", weak=True)
    return found


def _ed25519(octets: bytes) -> Ed25519PublicKey:
    try:
        return Ed25519PublicKey.from_public_bytes(octets)
    except ValueError:
        raise BadKey("key cannot be read") from None


def _listed(tags: dict[str, str], name: str, default: str) -> set[str]:
    return {item.lower() for item in taglist.without_space(tags.get(name, default)).split(":")}
