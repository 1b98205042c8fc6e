"""Asking a domain for its MTA-STS policy (RFC 8461 §3): a record in the DNS, then a file over HTTPS.

The host is resolved once and every address must be public, as in `fetch.py`; the connection goes to the address that
was checked. Redirects are not followed (§3.3). What is cached, and for how long, services/sts_policies.py decides.
"""

from __future__ import annotations

import asyncio
import http.client
import io
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from mailserver.mail import mtasts
from mailserver.net import tls
from mailserver.net.internet import is_public
from mailserver.net.resolver import DnsError, PolicyResolver

MAX_OCTETS = 64 * 1024
_MAX_HEADER = 16 * 1024
SECONDS = 15.0


class NoPolicy(Exception):
    """No policy could be had. `result` is a word of RFC 8460 §4.3."""

    def __init__(self, result: str, text: str) -> None:
        super().__init__(text)
        self.result = result
        self.text = text


@dataclass(frozen=True, slots=True)
class Source:
    """Where policies are asked for: `port` and `authorities` differ in practice networks only."""

    port: int = 443
    authorities: Path | None = None
    allowed: Callable[[str], bool] = field(default=is_public)
    seconds: float = SECONDS


async def identity(domain: str, resolver: PolicyResolver) -> str | None:
    """The id of the domain's present policy; None when it tells of none now."""
    try:
        return mtasts.identity(await resolver.txt(f"_mta-sts.{domain}"))
    except DnsError:
        return None


async def fetch(domain: str, resolver: PolicyResolver, source: Source) -> mtasts.Policy:
    """Raises NoPolicy."""
    host = f"mta-sts.{domain}"
    try:
        async with asyncio.timeout(source.seconds):
            text = await _get(host, await _address(host, resolver, source), source)
    except TimeoutError as late:
        raise NoPolicy("sts-policy-fetch-error", f"{host} did not answer within {source.seconds:g} seconds") from late
    except ssl.SSLCertVerificationError as wrong:
        raise NoPolicy("sts-webpki-invalid", f"The certificate of {host}: {wrong.verify_message}") from wrong
    except (OSError, http.client.HTTPException) as trouble:
        raise NoPolicy("sts-policy-fetch-error", f"{host} does not answer: {type(trouble).__name__}") from trouble
    try:
        return mtasts.parse(text)
    except mtasts.InvalidPolicy as wrong:
        raise NoPolicy("sts-policy-invalid", str(wrong)) from wrong


async def _address(host: str, resolver: PolicyResolver, source: Source) -> str:
    try:
        found = await resolver.addresses(host)
    except DnsError as trouble:
        raise NoPolicy("sts-policy-fetch-error", f"{host} has no address now") from trouble
    if not all(source.allowed(address) for address in found):
        raise NoPolicy("sts-policy-fetch-error", f"{host} is not on the public internet")
    return found[0]


async def _get(host: str, address: str, source: Source) -> str:
    context = tls.verifying_context(source.authorities)
    reader, writer = await asyncio.open_connection(address, source.port, ssl=context, server_hostname=host)
    try:
        port = "" if source.port == 443 else f":{source.port}"
        request = f"GET /.well-known/mta-sts.txt HTTP/1.1\r\nHost: {host}{port}\r\nConnection: close\r\n\r\n"
        writer.write(request.encode("ascii"))
        said = bytearray()
        while len(said) <= MAX_OCTETS + _MAX_HEADER and (piece := await reader.read(MAX_OCTETS)):
            said += piece
    finally:
        writer.transport.abort()
    return _content(host, bytes(said))


def _content(host: str, said: bytes) -> str:
    """The file in an answer of HTTP. Raises NoPolicy, http.client.HTTPException."""
    response = http.client.HTTPResponse(_Said(said))  # type: ignore[arg-type]  # all it asks of a socket is makefile
    response.begin()
    if response.status != 200:
        raise NoPolicy("sts-policy-fetch-error", f"{host} answered {response.status}")
    if response.headers.get_content_type() != "text/plain":
        raise NoPolicy("sts-policy-fetch-error", f"{host} sent something else than text/plain")
    content = response.read(MAX_OCTETS + 1)
    if len(content) > MAX_OCTETS:
        raise NoPolicy("sts-policy-fetch-error", f"{host} sent more than {MAX_OCTETS} octets")
    if response.length:
        raise NoPolicy("sts-policy-fetch-error", f"{host} stopped in the middle of the policy")
    return content.decode("utf-8", "replace")


class _Said:
    """Octets that came whole, in the place of a socket."""

    def __init__(self, octets: bytes) -> None:
        self._octets = octets

    def makefile(self, mode: str) -> io.BytesIO:
        return io.BytesIO(self._octets)
