"""TLS as a mail client speaks it to other servers."""

from __future__ import annotations

import re
import ssl
from functools import cache
from pathlib import Path
from typing import Any

_DNS_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
    r"(?:\.[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?)*\Z"
)


@cache
def client_context() -> ssl.SSLContext:
    """Opportunistic TLS (RFC 7435): any certificate, TLS 1.2 or later (RFC 8996), shared by all connections.

    Nothing says which name a mail server must prove, so an unknown certificate still beats sending in clear.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Level 1 lets in 1024-bit keys: refusing them would mean the same mail in clear.
    context.set_ciphers("DEFAULT:@SECLEVEL=1")
    return context


@cache
def verifying_context(authorities: Path | None = None) -> ssl.SSLContext:
    """The certificate must be valid for the host's name; `authorities` is a PEM file trusted besides the system's.

    A changed file counts after a restart. Raises OSError when it cannot be read.
    """
    context = ssl.create_default_context()
    if authorities:
        context.load_verify_locations(authorities)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def presented(session: ssl.SSLObject | ssl.SSLSocket) -> list[bytes]:
    """The certificates the other side showed as DER, its own first, as it sent them."""
    # Public only from Python 3.13 on, which then gives octets.
    inner: Any = getattr(session, "_sslobj", session)
    shown: list[Any] = inner.get_unverified_chain() or []
    return [ssl.PEM_cert_to_DER_cert(one.public_bytes()) if hasattr(one, "public_bytes") else one for one in shown]


def server_name(host: str) -> str | None:
    """The name to ask for in the handshake (SNI), or None when `host` is no DNS name."""
    return host if _DNS_NAME.match(host) and not host.replace(".", "").isdigit() else None


def describe(session: ssl.SSLObject | ssl.SSLSocket) -> str:
    """What was agreed on: `TLSv1.3 TLS_AES_256_GCM_SHA384`."""
    cipher = session.cipher()
    return f"{session.version()} {cipher[0] if cipher else ''}".rstrip()
