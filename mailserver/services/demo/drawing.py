"""Small PNG pictures (ISO/IEC 15948) drawn span by span."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from math import sqrt

Colour = tuple[int, int, int]


@dataclass(slots=True)
class Canvas:
    """Pixels in RGB, 8 bits each; x to the right, y down. What lies outside is cut."""

    width: int
    height: int
    ground: Colour
    rows: list[bytearray] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = [bytearray(bytes(self.ground) * self.width) for _ in range(self.height)]

    def span(self, y: int, left: float, right: float, colour: Colour) -> None:
        """Colour the pixels of a row from `left` up to `right`."""
        first, last = max(0, round(left)), min(self.width, round(right))
        if 0 <= y < self.height and first < last:
            self.rows[y][first * 3 : last * 3] = bytes(colour) * (last - first)

    def box(self, left: int, top: int, width: int, height: int, colour: Colour) -> None:
        for y in range(top, top + height):
            self.span(y, left, left + width, colour)

    def frame(self, left: int, top: int, width: int, height: int, colour: Colour, thick: int = 4) -> None:
        """The outline of a box."""
        self.box(left, top, width, thick, colour)
        self.box(left, top + height - thick, width, thick, colour)
        self.box(left, top, thick, height, colour)
        self.box(left + width - thick, top, thick, height, colour)

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Colour) -> None:
        """A filled ellipse by its centre and radii."""
        for row in range(round(y - down), round(y + down) + 1):
            reach = across * sqrt(max(0.0, 1 - ((row - y) / down) ** 2))
            self.span(row, x - reach, x + reach, colour)

    def png(self) -> bytes:
        """The file: header, one block of deflated rows without filters, end."""
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        pixels = zlib.compress(b"".join(b"\0" + row for row in self.rows), 6)
        chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
        return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
