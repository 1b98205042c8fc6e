"""Pictures of other servers, fetched for a reader: the guard against being sent into our own network.

The host is resolved once, every address must be public, and the connection goes to the address that was checked, so
that a name which resolves differently the second time (DNS rebinding) gains nothing. Redirects are checked the same.
A timer cuts the connection: a server that sends one octet now and then would pass every timeout of a socket.
"""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from mailserver.errors import CorreioError
from mailserver.mail import images
from mailserver.net.internet import is_public

MAX_OCTETS = 10 * 1024 * 1024
SECONDS = 10.0
REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
_SYSTEM_PORTS = 1024  # where mail, shells and the like listen: no pictures
_CHUNK = 64 * 1024
_HEADERS = {"User-Agent": "Mozilla/5.0 (compatible; mail image proxy)", "Accept": "image/*", "Connection": "close"}

Addresses = Callable[[str, int], Sequence[str]]


class NotFetched(CorreioError):
    """The picture cannot or may not be fetched."""


@dataclass(frozen=True, slots=True)
class Image:
    """`type` is what the octets are, not what the server called them."""

    type: str
    data: bytes


def addresses(host: str, port: int) -> list[str]:
    """Every address of a host, by the system's resolver. Raises NotFetched."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotFetched(f"{host} does not resolve.") from error
    return list(dict.fromkeys(str(item[4][0]) for item in found))


def image(url: str, *, resolve: Addresses = addresses, allowed: Callable[[str], bool] = is_public) -> Image:
    """The picture at an http(s) URL: at most 10 MB, 10 s and 3 redirects. Raises NotFetched."""
    until = time.monotonic() + SECONDS
    for _ in range(REDIRECTS + 1):
        response, connection = _open(url, until, resolve, allowed)
        try:
            if response.status in (301, 302, 303, 307, 308):
                url = urljoin(url, response.headers.get("Location", ""))
                continue
            if response.status != 200:
                raise NotFetched(f"The server answered {response.status}.")
            return _image(_read(response, until))
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise NotFetched("The picture did not come.") from error
        finally:
            response.close()
            connection.end()
    raise NotFetched("Too many redirects.")


def _open(
    url: str, until: float, resolve: Addresses, allowed: Callable[[str], bool]
) -> tuple[http.client.HTTPResponse, Pinned]:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise NotFetched("This is no URL.") from error
    if parts.scheme not in _PORTS or not host or parts.username is not None:
        raise NotFetched("Only plain http and https URLs are fetched.")
    port = port or _PORTS[parts.scheme]
    if port < _SYSTEM_PORTS and port not in _PORTS.values():
        raise NotFetched("No pictures are fetched from this port.")
    found = resolve(host, port)
    if not found or not all(allowed(address) for address in found):
        raise NotFetched(f"{host} is not on the public internet.")
    connection = Pinned(host, port, found[0], parts.scheme == "https", until)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request("GET", _ascii(target), headers=_HEADERS)
        return connection.getresponse(), connection
    except (OSError, http.client.HTTPException, ValueError) as error:
        connection.end()
        raise NotFetched(f"{host} does not answer.") from error


class Pinned(http.client.HTTPConnection):
    """A connection to a host whose address was chosen before, cut when its time is over."""

    def __init__(self, host: str, port: int, address: str, secure: bool, until: float) -> None:
        super().__init__(host, port, timeout=_left(until))
        self._address = address
        self._secure = secure
        self._cut = threading.Timer(_left(until), self._end)
        self._cut.daemon = True

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._secure:
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host, do_handshake_on_connect=False)
        self._line = self.sock
        self._cut.start()
        if isinstance(self.sock, ssl.SSLSocket):
            self.sock.do_handshake()

    def end(self) -> None:
        """Close it and stop the timer. http.client calls `close` itself before the content is read."""
        self._cut.cancel()
        self.close()

    def _end(self) -> None:
        # not SSLSocket.shutdown, which takes the cipher from under the thread that reads
        with suppress(OSError):
            socket.socket.shutdown(self._line, socket.SHUT_RDWR)


def _read(response: http.client.HTTPResponse, until: float) -> bytes:
    pieces, size = [], 0
    while piece := response.read1(_CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_OCTETS:
            raise NotFetched("The picture is too large.")
        _left(until)
    _left(until)  # a connection that was cut looks like a picture that ended
    return b"".join(pieces)


def _image(data: bytes) -> Image:
    found = images.kind(data)
    if found is None:
        raise NotFetched("This is no picture.")
    return Image(found, data)


def _left(until: float) -> float:
    seconds = until - time.monotonic()
    if seconds <= 0:
        raise NotFetched("The server is too slow.")
    return seconds


def _ascii(target: str) -> str:
    return "".join(
        char if " " < char < "\x7f" else "".join(f"%{octet:02X}" for octet in char.encode()) for char in target
    )
