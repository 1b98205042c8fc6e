"""A certificate authority of the tests: good, expired, wrong and self-signed certificates."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key; `chain` is what a server shows above it."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    chain: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def shown(self) -> list[bytes]:
        return [self.der, *(one.public_bytes(serialization.Encoding.DER) for one in self.chain)]

    @property
    def spki(self) -> bytes:
        return self.key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def context(self) -> ssl.SSLContext:
        """What a server with this certificate speaks TLS with."""
        private = self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        above = b"".join(one.public_bytes(serialization.Encoding.PEM) for one in self.chain)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "server.pem"
            path.write_bytes(private + self.pem + above)
            context.load_cert_chain(path)
        return context


@cache
def authority(name: str = "Authority of the tests") -> Issued:
    return _issue(name, None, ca=True)


@cache
def intermediate() -> Issued:
    return _issue("Intermediate of the tests", authority(), ca=True)


@cache
def issued(
    *names: str, expired: bool = False, own: bool = False, by: str = "authority", common_only: bool = False
) -> Issued:
    """A server's certificate for the names; `own` is self-signed, `by` the authority or the intermediate."""
    issuer = None if own else intermediate() if by == "intermediate" else authority()
    found = _issue(names[0], issuer, names=() if common_only else names, expired=expired)
    chain = () if own else (intermediate().certificate, authority().certificate)[by == "authority" :]
    return Issued(found.certificate, found.key, tuple(chain))


def _issue(
    name: str, issuer: Issued | None, *, ca: bool = False, names: Sequence[str] = (), expired: bool = False
) -> Issued:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now - DAY if expired else now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
    )
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName(n) for n in names]), critical=False)
    signer = issuer.key if issuer else key
    return Issued(builder.sign(signer, hashes.SHA256()), key)
