"""COMPRESS=DEFLATE (RFC 4978): raw deflate streams in both directions, with little memory."""

from __future__ import annotations

import asyncio
import zlib
from typing import cast

from mailserver.servers.lines import Input

# 8 KB of history and the smaller hash table: 40 KB a stream instead of 260 KB, for some percent of the gain. A client
# may use the full window, which is ours to keep.
_WINDOW = -13
_MEMORY = 5
_LEVEL = 6
# So much at a time: 64 KB of zeros come in 64 octets.
_PIECE = 64 * 1024


class Deflated:
    """Between a connection and its input. What the client sent stays deflated until there is room in the input for it,
    so a little that becomes a lot takes no memory: what it becomes has the bounds of any other command.
    """

    def __init__(self, to: Input, transport: asyncio.Transport) -> None:
        self._out = zlib.compressobj(_LEVEL, zlib.DEFLATED, _WINDOW, _MEMORY)
        self._in = zlib.decompressobj(-zlib.MAX_WBITS)
        self._input, self._transport = to, transport
        self._left = b""
        self._paused = False
        # The input pauses and resumes us, and we the transport.
        to.move_to(cast(asyncio.Transport, self))

    def deflate(self, data: bytes) -> bytes:
        """The octets to send, complete so that the client can read all of them."""
        return self._out.compress(data) + self._out.flush(zlib.Z_SYNC_FLUSH)

    def feed(self, data: bytes) -> None:
        """What the client sent. Raises ValueError when it is no deflate stream, or ends."""
        self._left += data
        self._inflate()

    def pause_reading(self) -> None:
        self._paused = True
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """Goes on in the next round: who takes from the input does not expect it to fill meanwhile."""
        self._paused = False
        asyncio.get_running_loop().call_soon(self._go_on)

    def _go_on(self) -> None:
        if self._transport.is_closing():
            return
        try:
            self._inflate()
        except ValueError:
            self._transport.abort()
            return
        if not self._paused:
            self._transport.resume_reading()

    def _inflate(self) -> None:
        # Feeding may pause us.
        while not self._paused and (piece := self._piece()):
            self._input.feed(piece)

    def _piece(self) -> bytes:
        try:
            piece = self._in.decompress(self._left, _PIECE)
        except zlib.error as error:
            raise ValueError("no deflate stream") from error
        self._left = self._in.unconsumed_tail
        # RFC 4978 §3: the stream ends with the connection only.
        if self._in.eof:
            raise ValueError("the stream ends")
        return piece
