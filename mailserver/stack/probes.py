"""Whether a child really answers: one cheap try each, asked again until it does."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence

Probe = Callable[[], Awaitable[bool]]

_TRY_SECONDS = 5


def in_thread(answers: Callable[[], bool]) -> Probe:
    """A probe from a blocking one."""

    async def probe() -> bool:
        return await asyncio.to_thread(answers)

    return probe


def smtp(doors: Sequence[tuple[str, int, bool]]) -> Probe:
    """All of the (host, port, implicit TLS) greet with 220 (RFC 5321 §3.1)."""
    return _greeting(doors, b"220 ")


def imap(doors: Sequence[tuple[str, int, bool]]) -> Probe:
    """All of the (host, port, implicit TLS) greet with an untagged OK (RFC 9051 §7.1.1)."""
    return _greeting(doors, b"* OK ")


def pop3(doors: Sequence[tuple[str, int, bool]]) -> Probe:
    """All of the (host, port, implicit TLS) greet with +OK (RFC 1939 §4)."""
    return _greeting(doors, b"+OK ")


def _greeting(doors: Sequence[tuple[str, int, bool]], first: bytes) -> Probe:
    async def probe() -> bool:
        return all([(await _exchange(host, port, b"", tls=tls)).startswith(first) for host, port, tls in doors])

    return probe


def http(host: str, port: int, path: str, host_header: str) -> Probe:
    """GET answers 200."""

    async def probe() -> bool:
        request = f"GET {path} HTTP/1.1\r\nHost: {host_header}\r\nConnection: close\r\n\r\n"
        return (await _exchange(host, port, request.encode())).startswith(b"HTTP/1.1 200 ")

    return probe


async def _exchange(host: str, port: int, request: bytes, *, tls: bool = False) -> bytes:
    """The first line that comes after connecting and sending the request; empty when there is none."""
    context = _unverified() if tls else None
    try:
        async with asyncio.timeout(_TRY_SECONDS):
            reader, writer = await asyncio.open_connection(host, port, ssl=context)
            try:
                writer.write(request)
                return await reader.readline()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError):
        return b""


def _unverified() -> ssl.SSLContext:
    """The server is our own, on this machine, and its certificate is self-signed."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context
