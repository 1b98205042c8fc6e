"""The octets of a message that a client appends, while they come: small ones in memory, large ones in a file."""

from __future__ import annotations

import logging
import tempfile
from pathlib import Path
from typing import IO

from mailserver.errors import StoreFull

logger = logging.getLogger(__name__)


class MessageData:
    """`size` octets will come. `folder`: where a large message waits, in a file without a name; None: in memory."""

    def __init__(self, size: int, folder: Path | None = None) -> None:
        self.size = size
        self._held = bytearray()
        self._file: IO[bytes] | None = None
        self._full = False
        if folder is not None:
            self._open(folder)

    def _open(self, folder: Path) -> None:
        try:
            self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115 - closed in close()
        except OSError as error:
            logger.error("no file for a message under way: %s", error)
            self._full = True

    def add(self, octets: bytes) -> None:
        """A disk that is full is told when the message is taken: all of it has to be read first."""
        if self._full:
            return
        if self._file is None:
            self._held += octets
            return
        try:
            if self._file.write(octets) != len(octets):
                raise OSError("not all octets were written")
        except OSError as error:
            logger.error("no room for a message under way: %s", error)
            self._full = True

    def take(self) -> bytes:
        """All octets. Raises StoreFull."""
        if self._full:
            raise StoreFull("There is no room for this message.")
        if self._file is None:
            return bytes(self._held)
        self._file.seek(0)
        return self._file.read()

    def close(self) -> None:
        self._held = bytearray()
        if self._file is not None:
            self._file.close()
            self._file = None
