"""A self-signed certificate for the embedded run, so that STARTTLS and TLS ports work from the first start."""

from __future__ import annotations

import ipaddress
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFETIME = timedelta(days=825)
_RENEW_BEFORE = timedelta(days=30)
_ALWAYS = ("localhost", "127.0.0.1", "::1")


def ensure(folder: Path, hostname: str) -> tuple[Path, Path]:
    """The paths of certificate and key (0600) in `folder`, made or renewed when needed.

    The certificate covers the host name, localhost and the loopback addresses (RFC 6125 names in
    subjectAltName).
    """
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    names = list(dict.fromkeys((hostname, *_ALWAYS)))
    if not (certificate.exists() and key.exists() and _good(certificate, names)):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        secret = ec.generate_private_key(ec.SECP256R1())
        _write(key, 0o600, _key_bytes(secret))
        _write(certificate, 0o644, _sign(secret, names).public_bytes(serialization.Encoding.PEM))
    return certificate, key


def _good(path: Path, names: list[str]) -> bool:
    found = x509.load_pem_x509_certificate(path.read_bytes())
    covered = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    fresh = found.not_valid_after_utc - _RENEW_BEFORE > datetime.now(UTC)
    return fresh and set(map(_general_name, names)) <= set(covered)


def _sign(secret: ec.EllipticCurvePrivateKey, names: list[str]) -> x509.Certificate:
    # A common name holds at most 64 characters (RFC 5280 appendix A); clients look at subjectAltName.
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + _LIFETIME)
        .add_extension(x509.SubjectAlternativeName(map(_general_name, names)), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _key_bytes(secret: ec.EllipticCurvePrivateKey) -> bytes:
    return secret.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write(path: Path, mode: int, content: bytes) -> None:
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    unfinished.rename(path)
