"""Certificates of mail servers: self-signed, as most of the world have one, outdated, or from an authority of ours."""

from __future__ import annotations

import datetime
import ssl
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = datetime.timedelta(days=1)
FRESH = (-1, 30)
OUTDATED = (-90, -60)


@dataclass(frozen=True)
class Authority:
    """An authority that vouches for names; `pem` is the certificate that those who trust it need."""

    key: ec.EllipticCurvePrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def vouch(self, name: str, days: tuple[int, int] = FRESH) -> bytes:
        """Key and certificate for `name` in one PEM, valid between the days from now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _certificate(name, key, days).issuer_name(self.certificate.subject)
        return _pem(key, builder.sign(self.key, hashes.SHA256()))


def authority(name: str = "Practice authority of Correio") -> Authority:
    """A new one."""
    key = ec.generate_private_key(ec.SECP256R1())
    builder = _certificate(name, key, FRESH).issuer_name(_called(name))
    builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    return Authority(key, builder.sign(key, hashes.SHA256()))


@cache
def self_signed(name: str = "mx1.hamburger.edu", days: tuple[int, int] = FRESH) -> bytes:
    """Key and certificate for `name` in one PEM, valid between the days from now."""
    key = ec.generate_private_key(ec.SECP256R1())
    return _pem(key, _certificate(name, key, days).issuer_name(_called(name)).sign(key, hashes.SHA256()))


@cache
def server_context(name: str = "mx1.hamburger.edu") -> ssl.SSLContext:
    return context_of(self_signed(name))


def context_of(pem: bytes) -> ssl.SSLContext:
    """A server's with this key and certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.touch(mode=0o600)
        path.write_bytes(pem)
        context.load_cert_chain(path)
    return context


def _certificate(name: str, key: ec.EllipticCurvePrivateKey, days: tuple[int, int]) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_called(name))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0] * _DAY)
        .not_valid_after(now + days[1] * _DAY)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name.replace(" ", "-"))]), critical=False)
    )


def _called(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate) -> bytes:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
