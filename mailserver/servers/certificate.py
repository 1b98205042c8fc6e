"""The certificate of the listeners: read again when its file changes, so that a renewal needs no restart."""

from __future__ import annotations

import logging
import ssl
from pathlib import Path

logger = logging.getLogger(__name__)


class Certificate:
    """One TLS context for all connections. New handshakes use what the files held at the last `refresh`."""

    def __init__(self, certificate: Path, key: Path | None) -> None:
        self._certificate, self._key = certificate, key
        self._seen = self._stamp()
        self.context = _context(certificate, key)

    def refresh(self) -> bool:
        """Look at the files; whether they were read again. A pair that does not fit is logged and not used."""
        stamp = self._stamp()
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            # Tried on a context of its own: half a renewal must not break the one in use.
            _context(self._certificate, self._key)
            self.context.load_cert_chain(self._certificate, self._key)
        except OSError as error:
            logger.warning("the certificate %s cannot be used: %s", self._certificate, error)
            return False
        logger.info("certificate %s read again", self._certificate)
        return True

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_stamp(path) for path in (self._certificate, self._key) if path)


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _context(certificate: Path, key: Path | None) -> ssl.SSLContext:
    """TLS 1.2 or later (RFC 8996). Raises OSError (ssl.SSLError) when the files do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.load_cert_chain(certificate, key)
    return context
