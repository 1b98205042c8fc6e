"""Asking clamd, the daemon of ClamAV, whether a message carries something harmful: INSTREAM (clamd(8))."""

from __future__ import annotations

import asyncio
import re
import struct
from contextlib import suppress

SECONDS = 20.0
CHUNK = 64 * 1024
MOST_ANSWER = 4096
_ANSWER = re.compile(r"stream: (?:(OK)|(.+) FOUND)", re.DOTALL)


class ClamdError(Exception):
    """No verdict: clamd is away, too slow, or said something else."""


async def scan(place: str | tuple[str, int], content: bytes, *, seconds: float = SECONDS) -> str:
    """The name of what clamd found, "" when it found nothing. `place`: host and port, or the path of its socket.

    Raises ClamdError.
    """
    try:
        async with asyncio.timeout(seconds):
            answer = await _ask(place, content)
    except TimeoutError as late:
        raise ClamdError(f"no answer in {seconds:g} s") from late
    except OSError as trouble:
        raise ClamdError(f"{type(trouble).__name__}: {trouble}") from trouble
    found = _ANSWER.fullmatch(answer)
    if not found:
        raise ClamdError(f"it said {answer[:100]!r}")
    return found[2] or ""


async def _ask(place: str | tuple[str, int], content: bytes) -> str:
    if isinstance(place, str):
        reader, writer = await asyncio.open_unix_connection(place)
    else:
        reader, writer = await asyncio.open_connection(*place)
    try:
        # It closes while we still write when a message is above its limit; its answer says so and is read below.
        with suppress(ConnectionError):
            await _send(writer, content)
        return await _answer(reader)
    finally:
        writer.transport.abort()


async def _send(writer: asyncio.StreamWriter, content: bytes) -> None:
    """The command, then pieces with their lengths, then a piece of no octets."""
    writer.write(b"zINSTREAM\0")
    octets = memoryview(content)
    for at in range(0, len(octets), CHUNK):
        piece = octets[at : at + CHUNK]
        writer.write(struct.pack("!L", len(piece)) + piece)
        await writer.drain()
    writer.write(struct.pack("!L", 0))
    await writer.drain()


async def _answer(reader: asyncio.StreamReader) -> str:
    """What stands before the NUL; an answer that was cut off is none."""
    answer = b""
    while b"\0" not in answer and len(answer) < MOST_ANSWER:
        piece = await reader.read(MOST_ANSWER)
        if not piece:
            raise ConnectionResetError("closed in the middle of an answer" if answer else "closed without an answer")
        answer += piece
    return answer.partition(b"\0")[0].decode("utf-8", "replace").strip()
