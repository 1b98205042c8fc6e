"""Little servers that speak like clamd and rspamd, or not: `speak(reader, writer)` says what a connection hears."""

from __future__ import annotations

import asyncio
import json
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

Speak = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def serving(speak: Speak, path: str = "") -> AsyncIterator[Any]:
    """Gives (host, port), or `path` when that names a socket. Connections are closed when `speak` has ended."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await speak(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side has gone, which some tests are about
        finally:
            writer.close()

    server = await (
        asyncio.start_unix_server(connected, path) if path else asyncio.start_server(connected, "127.0.0.1", 0)
    )
    try:
        yield path or server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        # Sessions that hang are of no interest any more.
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()
        await asyncio.sleep(0)


async def silence(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


class Clamd:
    """Reads a stream as clamd does and gives `answer`; `seen` are the messages."""

    def __init__(self, answer: bytes = b"stream: OK\0") -> None:
        self.answer = answer
        self.seen: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(10) == b"zINSTREAM\0"
        content = b""
        while length := struct.unpack("!L", await reader.readexactly(4))[0]:
            content += await reader.readexactly(length)
        self.seen.append(content)
        writer.write(self.answer)
        await writer.drain()


class Rspamd:
    """Reads a request and answers; `answer` is octets for the wire, or a JSON value. `heads` and `seen` came in."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer if isinstance(answer, bytes) else response(json.dumps(answer).encode())
        self.heads: list[list[str]] = []
        self.seen: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().strip().split("\r\n")
        length = next(int(line.partition(": ")[2]) for line in head if line.startswith("Content-Length"))
        self.heads.append(head)
        self.seen.append(await reader.readexactly(length))
        writer.write(self.answer)
        await writer.drain()


def response(body: bytes, status: str = "200 OK", extra: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\nServer: rspamd\r\n{extra}Content-Length: {len(body)}\r\n\r\n".encode() + body
