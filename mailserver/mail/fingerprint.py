"""What makes two copies of a message the same, wherever they lie: Message-ID, size and digest of the octets."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256


def fingerprint(message_id: str, size: int, digest: bytes) -> bytes:
    """32 octets that stand for the three."""
    return sha256(b"\0".join((message_id.encode("utf-8", "surrogatepass"), b"%d" % size, digest))).digest()


def checksum(fingerprints: Iterable[bytes]) -> str:
    """SHA-256 over the fingerprints in order of their values, in hex: equal for equal collections, in any order."""
    total = sha256()
    for one in sorted(fingerprints):
        total.update(one)
    return total.hexdigest()
