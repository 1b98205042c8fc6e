"""Messages as the multi-line responses of POP3 (RFC 1939 §3), piece by piece: no more than a piece is in memory.

A line ends with LF here, whether or not a CR comes before it, as many clients read it: none may take a lone LF and a
dot within a message for its end.
"""

from __future__ import annotations


class Stuffing:
    """Puts a dot before each line that begins with one, however the message is cut into pieces."""

    def __init__(self) -> None:
        self._tail = b"\r\n"

    def feed(self, piece: bytes) -> bytes:
        stuffed = piece.replace(b"\n.", b"\n..") if b"\n." in piece else piece
        if self._tail.endswith(b"\n") and piece.startswith(b"."):
            stuffed = b"." + stuffed
        self._tail = (self._tail + piece[-2:])[-2:]
        return stuffed

    def end(self) -> bytes:
        """What closes the response; a last line without CRLF gets one."""
        return b".\r\n" if self._tail == b"\r\n" else b"\r\n.\r\n"


class Top:
    """The header, the empty line and so many lines of the body; `done` as soon as that is all."""

    def __init__(self, lines: int) -> None:
        self.done = False
        self._lines = lines
        self._in_header = True
        self._empty = True

    def feed(self, piece: bytes) -> bytes:
        """As much of the piece as belongs to it."""
        start = 0
        while not self.done and (end := piece.find(b"\n", start)) >= 0:
            self._see(piece[start:end])
            self._end_line()
            start = end + 1
        if self.done:
            return piece[:start]
        self._see(piece[start:])
        return piece

    def _see(self, part: bytes) -> None:
        self._empty = self._empty and part in (b"", b"\r")

    def _end_line(self) -> None:
        if not self._in_header:
            self._lines -= 1
        elif self._empty:
            self._in_header = False
        self.done = not self._in_header and self._lines <= 0
        self._empty = True
