"""COMPRESS=DEFLATE (RFC 4978): raw deflate streams in both directions, with little memory."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

# 8 KB of history and the smaller hash table: 40 KB a stream instead of 260 KB, for some percent of the gain. A client
# may use the full window, which is ours to keep.
_WINDOW = -13
_MEMORY = 5
_LEVEL = 6
# So much at a time: 1 MB of zeros comes in 1 KB.
_PIECE = 64 * 1024
# A client's commands never shrink so far. What does is meant to fill our memory.
_MOST_RATIO = 200
_FREE = 1024 * 1024


class Deflated:
    def __init__(self) -> None:
        self._out = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY)
        self._in = zlib.decompressobj(-zlib.MAX_WBITS)
        self._came = self._made = 0

    def deflate(self, data: bytes) -> bytes:
        """The octets to send, complete so that the client can read all of them."""
        return self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)

    def inflate(self, data: bytes) -> Iterator[bytes]:
        """What the client said, in pieces. Raises ValueError for what is no deflate stream, or far too much of it."""
        self._came += len(data)
        while data:
            try:
                piece = self._in.decompress(data, _PIECE)
            except zlib.error as error:
                raise ValueError("no deflate stream") from error
            self._made += len(piece)
            if self._made > _FREE + _MOST_RATIO * self._came:
                raise ValueError("too much in too little")
            if piece:
                yield piece
            data = self._in.unconsumed_tail
            if self._in.eof:
                return
