"""DANE for SMTP (RFC 7672): certificates checked against TLSA records that DNSSEC protects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtensionOID, NameOID

ANCHOR, END_ENTITY = 2, 3
_WHOLE, _KEY = 0, 1
_DIGESTS = {1: hashlib.sha256, 2: hashlib.sha512}

# A chain longer than this is none that anybody uses.
MAX_CHAIN = 10


class DaneFailed(Exception):
    """The certificate is not one of those published. `result` is a word of RFC 8460 §4.3."""

    def __init__(self, result: str, text: str) -> None:
        super().__init__(text)
        self.result = result
        self.text = text


@dataclass(frozen=True, slots=True)
class Tlsa:
    """A record of RFC 6698 §2.1."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()}"

    @property
    def usable(self) -> bool:
        """RFC 7672 §3.1: usages 2 and 3 only; 0 and 1 would need a list of authorities that servers do not share."""
        if self.usage not in (ANCHOR, END_ENTITY) or self.selector not in (_WHOLE, _KEY):
            return False
        digest = _DIGESTS.get(self.matching)
        return len(self.data) == digest().digest_size if digest else self.matching == 0 and bool(self.data)

    def matches(self, certificate: x509.Certificate) -> bool:
        octets = certificate.public_bytes(Encoding.DER) if self.selector == _WHOLE else _key(certificate)
        digest = _DIGESTS.get(self.matching)
        return (digest(octets).digest() if digest else octets) == self.data


def usable(records: Iterable[Tlsa]) -> tuple[Tlsa, ...]:
    """Those that count; without any, encryption is still owed but no certificate (RFC 7672 §2.2)."""
    return tuple(record for record in records if record.usable)


def check(
    records: Sequence[Tlsa], presented: Sequence[bytes], names: Sequence[str], now: datetime | None = None
) -> str:
    """How the chain that a server showed (DER, its own certificate first) is proven, in words.

    `names` are the host's and the recipients' domain. Raises DaneFailed.
    """
    try:
        chain = [x509.load_der_x509_certificate(octets) for octets in presented[:MAX_CHAIN]]
    except ValueError as broken:
        raise DaneFailed("validation-failure", "The server's certificate cannot be read") from broken
    if not chain:
        raise DaneFailed("validation-failure", "The server showed no certificate")
    # RFC 7672 §3.1.1: neither dates nor names of the certificate count then, the record says it all.
    if any(record.usage == END_ENTITY and record.matches(chain[0]) for record in records):
        return "its certificate is the one published in the DNS"
    anchors = [record for record in records if record.usage == ANCHOR]
    if not _anchored(chain, anchors, now or datetime.now(UTC)):
        raise DaneFailed("tlsa-invalid", "The server's certificate is not one of those published in the DNS (DANE)")
    if not any(covers(chain[0], name) for name in names):
        raise DaneFailed("certificate-host-mismatch", f"The certificate is not for {names[0]}")
    return "its certificate comes from the authority published in the DNS"


def covers(certificate: x509.Certificate, host: str) -> bool:
    """Whether the certificate is for the host: DNS-IDs, the common name only without any (RFC 7672 §3.2.3)."""
    try:
        extension = certificate.extensions.get_extension_for_oid(ExtensionOID.SUBJECT_ALTERNATIVE_NAME).value
        names = (
            extension.get_values_for_type(x509.DNSName) if isinstance(extension, x509.SubjectAlternativeName) else []
        )
    except (x509.ExtensionNotFound, ValueError):
        names = []
    if not names:
        names = [str(part.value) for part in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]
    return any(name_matches(name, host) for name in names)


def name_matches(pattern: str, host: str) -> bool:
    """`*.example` stands for one label more, and only as the whole first label."""
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern.startswith("*."):
        return host.partition(".")[2] == pattern[2:] != ""
    return pattern == host


def _anchored(chain: Sequence[x509.Certificate], anchors: Sequence[Tlsa], now: datetime) -> bool:
    """Whether a path of signatures leads from the server's certificate to an anchor (RFC 7672 §3.1.2).

    The anchor may be one of the certificates shown, or stand in the record whole. The server's own certificate is no
    anchor. Only certificates in their time count.
    """
    current, others = chain[0], list(chain[1:])
    whole = list(_whole(anchors))
    while _in_time(current, now):
        if any(_issued(current, anchor) and _in_time(anchor, now) for anchor in whole):
            return True
        issuer = next((other for other in others if _issued(current, other)), None)
        if issuer is None:
            return False
        if _in_time(issuer, now) and any(anchor.matches(issuer) for anchor in anchors):
            return True
        others.remove(issuer)
        current = issuer
    return False


def _whole(anchors: Iterable[Tlsa]) -> Iterable[x509.Certificate]:
    for anchor in anchors:
        if (anchor.selector, anchor.matching) == (_WHOLE, 0):
            try:
                yield x509.load_der_x509_certificate(anchor.data)
            except ValueError:
                continue  # no certificate: it matches nothing


def _issued(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    try:
        basic = issuer.extensions.get_extension_for_oid(ExtensionOID.BASIC_CONSTRAINTS).value
        if not isinstance(basic, x509.BasicConstraints) or not basic.ca:
            return False
        certificate.verify_directly_issued_by(issuer)
    except (x509.ExtensionNotFound, InvalidSignature, ValueError, TypeError):
        return False
    return True


def _in_time(certificate: x509.Certificate, now: datetime) -> bool:
    return certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc


def _key(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
