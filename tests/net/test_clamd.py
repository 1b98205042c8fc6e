from __future__ import annotations

import asyncio
import os

import pytest

from mailserver.net import clamd
from mailserver.net.clamd import ClamdError
from tests.support.scanners import Clamd, serving, silence

FOUND = b"stream: Eicar-Test-Signature FOUND\0"


def scanned(speak, content: bytes = b"Subject: Hi\r\n\r\nHello\r\n", *, path: str = "", seconds: float = 5.0) -> str:
    async def run():
        async with serving(speak, path) as place:
            return await clamd.scan(place, content, seconds=seconds)

    return asyncio.run(run())


def test_it_finds_nothing_in_a_letter():
    server = Clamd()
    assert scanned(server) == ""
    assert server.seen == [b"Subject: Hi\r\n\r\nHello\r\n"]


@pytest.mark.parametrize("size", [0, 1, clamd.CHUNK, clamd.CHUNK + 1, 5 * 1024 * 1024])
def test_it_sends_every_octet(size):
    server, content = Clamd(FOUND), os.urandom(size)
    assert scanned(server, content) == "Eicar-Test-Signature"
    assert server.seen == [content]


def test_it_speaks_through_a_socket_of_the_machine(tmp_path):
    assert scanned(Clamd(FOUND), path=str(tmp_path / "clamd")) == "Eicar-Test-Signature"


def test_it_reads_an_answer_that_comes_in_pieces():
    class Slow(Clamd):
        async def __call__(self, reader, writer):
            await super().__call__(reader, writer)
            for octet in FOUND:
                writer.write(bytes([octet]))
                await writer.drain()
                await asyncio.sleep(0)

    assert scanned(Slow(b"")) == "Eicar-Test-Signature"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"stream: OK",
        b"stream: Eicar-Test-Sig",
        b"\0",
        b"INSTREAM size limit exceeded. ERROR\0",
        b"stream: Can't allocate memory ERROR\0",
        b"UNKNOWN COMMAND\0",
        b"HTTP/1.1 400 Bad Request\r\n\r\n",
        b"\xff\xfe\xfd\0",
        b"x" * 100_000,
    ],
)
def test_anything_else_is_no_verdict(answer):
    with pytest.raises(ClamdError):
        scanned(Clamd(answer))


def test_it_hears_that_a_message_is_too_large_while_it_sends():
    async def full(reader, writer):
        await reader.readexactly(clamd.CHUNK)
        writer.write(b"INSTREAM size limit exceeded. ERROR\0")
        await writer.drain()

    with pytest.raises(ClamdError):
        scanned(full, b"x" * 20 * 1024 * 1024)


def test_it_does_not_wait_for_ever():
    for content in (b"x", b"x" * 20 * 1024 * 1024):
        with pytest.raises(ClamdError, match=r"no answer in 0\.1 s"):
            scanned(silence, content, seconds=0.1)


def test_it_says_when_nobody_is_there(tmp_path):
    with pytest.raises(ClamdError):
        asyncio.run(clamd.scan(str(tmp_path / "nobody"), b"x"))
    with pytest.raises(ClamdError):
        asyncio.run(clamd.scan(("127.0.0.1", 1), b"x"))
