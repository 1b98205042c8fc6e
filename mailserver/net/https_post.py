"""Handing something to the web address of a stranger, over TLS with a trusted certificate and to nobody of our network.

The rules of `fetch`: the host is resolved once, every address must be public, the connection goes to the one that was
checked, and a timer cuts it. No redirect is followed: RFC 8460 §3 names the address itself.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from mailserver.errors import CorreioError
from mailserver.net import fetch
from mailserver.net.fetch import Addresses, Pinned
from mailserver.net.internet import is_public

SECONDS = 30.0
_HTTPS = 443
_SYSTEM_PORTS = 1024


class NotTaken(CorreioError):
    """The content could not be handed over."""


def post(
    url: str,
    content: bytes,
    kind: str,
    *,
    resolve: Addresses = fetch.addresses,
    allowed: Callable[[str], bool] = is_public,
) -> int:
    """POST `content` of the media type `kind`; the status, one of 200 to 299. Raises NotTaken."""
    try:
        connection, target = _connection(url, resolve, allowed)
    except fetch.NotFetched as error:
        raise NotTaken(str(error)) from error
    try:
        connection.request("POST", target, content, headers={"Content-Type": kind, "Connection": "close"})
        status = connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotTaken(f"{connection.host} does not answer ({type(error).__name__}).") from error
    finally:
        connection.end()
    if not 200 <= status < 300:
        raise NotTaken(f"{connection.host} answered {status}.")
    return status


def _connection(url: str, resolve: Addresses, allowed: Callable[[str], bool]) -> tuple[Pinned, str]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port or _HTTPS
    except ValueError as error:
        raise NotTaken("This is no URL.") from error
    if parts.scheme != "https" or not host or parts.username is not None or not url.isascii():
        raise NotTaken("Only plain https URLs are called.")
    if port < _SYSTEM_PORTS and port != _HTTPS:
        raise NotTaken("Nothing is sent to this port.")
    found = resolve(host, port)
    if not found or not all(allowed(address) for address in found):
        raise NotTaken(f"{host} is not on the public internet.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Pinned(host, port, found[0], True, time.monotonic() + SECONDS), target
