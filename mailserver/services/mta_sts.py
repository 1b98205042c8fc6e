"""What we promise other servers about TLS: the MTA-STS policy of a hosted domain (RFC 8461), our certificate (TLSA)."""

from __future__ import annotations

import hashlib
import logging

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.conf import settings

from mailserver.errors import NotFound
from mailserver.mail import addresses
from mailserver.store.models import Domain

# The host that the policy is asked for (RFC 8461 §3.3).
HOST = "mta-sts"
# RFC 8461 §3.2: weeks, so that who can hold up the fetching gains nothing. A test may end sooner.
MAX_AGE = {"enforce": 14 * 86400, "testing": 86400, "none": 86400}

logger = logging.getLogger(__name__)


def change(*, domain_id: int, mode: str, reports_to: str) -> None:
    """Set a domain's policy, and who is told how others fare with it. Raises NotFound, InvalidName (no address)."""
    reports_to = str(addresses.parse(reports_to.strip())) if reports_to.strip() else ""
    if not Domain.objects.filter(pk=domain_id).update(mta_sts=Domain.MtaSts(mode), tls_reports_to=reports_to):
        raise NotFound("There is no such domain.")


def policy(domain: str) -> str:
    """The policy file of a hosted domain, in A-labels; "" when it has none."""
    found = Domain.objects.filter(name=domain, hosted=True).values_list("mta_sts", flat=True).first()
    if not found:
        return ""
    lines = ("version: STSv1", f"mode: {found}", f"mx: {settings.CORREIO.hostname}", f"max_age: {MAX_AGE[found]}")
    return "".join(f"{line}\r\n" for line in lines)


def record(domain: str) -> str:
    """The TXT record that tells of a policy; "" without one. Its id changes whenever the policy does."""
    text = policy(domain)
    return f"v=STSv1; id={hashlib.sha256(text.encode()).hexdigest()[:20]}" if text else ""


def reports_to(domain: str) -> str:
    """The address that other servers send their reports about `domain` to."""
    found = Domain.objects.filter(name=domain).values_list("tls_reports_to", flat=True).first()
    return found or f"postmaster@{domain}"


def tlsa() -> str:
    """The TLSA data of our certificate, `3 1 1` and the digest of its key (RFC 7672 §3.1.1); "" without a certificate.

    The key is what counts: a renewal that keeps it needs no new record.
    """
    path = settings.CORREIO.tls_cert
    if path is None:
        return ""
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as trouble:
        logger.warning("no TLSA record can be shown: %s", trouble)
        return ""
    key = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"3 1 1 {hashlib.sha256(key).hexdigest()}"
