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
        # The first octets of the line, enough to tell whether it is empty.
        self._line = b""

    def feed(self, piece: bytes) -> bytes:
        """As much of the piece as belongs to it."""
        start = 0
        while not self.done and (end := piece.find(b"\n", start)) >= 0:
            self._see(piece[start : min(end, start + 2)])
            self._end_line()
            start = end + 1
        if self.done:
            return piece[:start]
        self._see(piece[start : start + 2])
        return piece

    def _see(self, part: bytes) -> None:
        self._line = (self._line + part)[:2]

    def _end_line(self) -> None:
        if not self._in_header:
            self._lines -= 1
        elif self._line in (b"", b"\r"):
            self._in_header = False
        self.done = not self._in_header and self._lines <= 0
        self._line = b""
